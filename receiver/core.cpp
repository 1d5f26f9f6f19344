#include "receiver/core.h"

#include "receiver/actions/after_leftovers.h"
#include "receiver/actions/stage.h"
#include "receiver/actions/switch_release.h"
#include "receiver/held_secrets.h"
#include "receiver/worker/second_look.h"

namespace backstay {
namespace {

// The explicit table of actions, by the names that pipeline.h gives to steps.
ActionTable make_actions(const ReceiverConfig& config, Driver& driver, AlertSource& alerts,
                         const FactGatherer& facts, Clock& clock, HttpClient& http,
                         ProcessRunner& processes) {
  const auto with_programs = [&](std::unique_ptr<Action> action) {
    return std::make_unique<AfterLeftovers>(std::move(action), processes);
  };
  ActionTable table;
  table["backup"] = with_programs(std::make_unique<Backup>(config.backups, processes, clock));
  table["stage"] = with_programs(std::make_unique<Stage>(driver));
  table["switch"] =
      std::make_unique<SecondLook>(with_programs(std::make_unique<SwitchRelease>(driver, clock)),
                                   facts, config.policy, SecondLook::kPatience, clock);
  table["verify"] = std::make_unique<Verify>(config.verify, http, clock);
  table["confirm"] = std::make_unique<Confirm>(config.confirm, alerts, clock);
  return table;
}

WorkerConfig worker_config(const ReceiverConfig& config) {
  WorkerConfig worker;
  worker.telling.service = config.service;
  for (const NotifyConfig& notify : config.notify) {
    worker.telling.channels.push_back({notify.channel, notify.severities, notify.group_window});
  }
  worker.settle = config.settle;
  return worker;
}

}  // namespace

Result<std::unique_ptr<Core>> Core::open(ReceiverConfig config, Clock& clock, HttpClient& http,
                                         ProcessRunner& processes) {
  auto lock = StateLock::acquire(config.state_dir);
  if (!lock) return fail(lock.error());
  auto journal = journal::Database::open(config.journal_path());
  if (!journal) return fail(journal.error());
  return std::unique_ptr<Core>(
      new Core(std::move(config), std::move(*lock), std::move(*journal), clock, http, processes));
}

Core::Core(ReceiverConfig config, StateLock lock, std::unique_ptr<journal::Database> journal,
           Clock& clock, HttpClient& http, ProcessRunner& processes)
    : config_(std::move(config)),
      lock_(std::move(lock)),
      journal_(std::move(journal)),
      kill_switch_(config_.state_dir),
      redacted_(processes, [this]() { return held_secrets(config_); }),
      processes_(redacted_, config_.state_dir),
      driver_(config_.driver, processes_),
      alerts_(config_.prometheus_url, http),
      facts_(driver_, alerts_, kill_switch_, clock),
      actions_(make_actions(config_, driver_, alerts_, facts_, clock, http, processes_)),
      worker_(worker_config(config_), config_.policy, *journal_, facts_, actions_, kill_switch_,
              clock),
      control_(config_, *journal_, driver_, kill_switch_, facts_, clock,
               [this]() { worker_.wake(); }) {}

}  // namespace backstay
