#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "receiver/drivers/driver.h"
#include "receiver/policy/policy.h"
#include "receiver/policy/prometheus_alerts.h"

namespace backstay {

// The kill switch: a file that anyone who may write in state_dir can make, with no program's help.
class KillSwitch {
 public:
  explicit KillSwitch(const std::string& state_dir) : path_(state_dir + "/disarmed") {}
  // True also when the folder cannot be looked into: then nothing is known, and nothing is done.
  [[nodiscard]] bool is_disarmed() const;

 private:
  std::string path_;
};

// Asks the world what is true before a decision: the driver, Prometheus, the kill switch.
class FactGatherer {
 public:
  FactGatherer(Driver& driver, AlertSource& alerts, const KillSwitch& kill_switch, Clock& clock)
      : driver_(driver), alerts_(alerts), kill_switch_(kill_switch), clock_(clock) {}

  // `condition`: the `when` of the event's rule; empty where it has none.
  //
  // A driver or a Prometheus that does not answer is asked again until `patience` is over: a
  // decision is final, and a moment's silence should not refuse a rollback.
  Facts gather(const Event& event, const std::string& condition, std::chrono::milliseconds patience,
               const std::stop_token& stop) const;

 private:
  Facts ask_once(const Event& event, const std::string& condition) const;
  Facts ask_safely(const Event& event, const std::string& condition) const;

  Driver& driver_;
  AlertSource& alerts_;
  const KillSwitch& kill_switch_;
  Clock& clock_;
};

// Whether all that a decision about the event looks at is known.
bool is_complete(const Event& event, const Facts& facts);

// As they are journalled: a JSON object.
std::string to_json(const Facts& facts);

}  // namespace backstay
