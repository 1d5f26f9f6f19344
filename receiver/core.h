#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/redacting_runner.h"
#include "base/result.h"
#include "base/state_lock.h"
#include "base/subprocess.h"
#include "receiver/config.h"
#include "receiver/control.h"
#include "receiver/drivers/command.h"
#include "receiver/journal/database.h"
#include "receiver/own_processes.h"
#include "receiver/policy/facts.h"
#include "receiver/policy/prometheus_alerts.h"
#include "receiver/worker/worker.h"

namespace backstay {

// What the daemon and, with the daemon down, the command line both need to decide and act: the
// lock, the journal, the driver, the worker and the operator's door to them. No threads of its own.
class Core {
 public:
  // Takes the lock first: two of these on one state_dir cannot be.
  static Result<std::unique_ptr<Core>> open(ReceiverConfig config, Clock& clock, HttpClient& http,
                                            ProcessRunner& processes);

  [[nodiscard]] const ReceiverConfig& config() const { return config_; }
  journal::Database& journal() { return *journal_; }
  Worker& worker() { return worker_; }
  Control& control() { return control_; }
  const KillSwitch& kill_switch() { return kill_switch_; }

 private:
  Core(ReceiverConfig config, StateLock lock, std::unique_ptr<journal::Database> journal,
       Clock& clock, HttpClient& http, ProcessRunner& processes);

  const ReceiverConfig config_;
  const StateLock lock_;
  const std::unique_ptr<journal::Database> journal_;
  const KillSwitch kill_switch_;
  RedactingRunner redacted_;
  OwnProcesses processes_;
  CommandDriver driver_;
  PrometheusAlerts alerts_;
  const FactGatherer facts_;
  const ActionTable actions_;
  Worker worker_;
  Control control_;
};

}  // namespace backstay
