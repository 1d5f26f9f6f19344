#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "receiver/config.h"
#include "receiver/drivers/driver.h"
#include "receiver/journal/database.h"
#include "receiver/policy/facts.h"

namespace backstay {

// What the operator's command line may ask for, by name, with a JSON object of parameters:
//
//   status           {}                                   service, mode, live, run in flight, …
//   releases         {}                                   the ledger
//   adopt            {release, actor, reason}             seeds or corrects the ledger
//   clear            {release, actor, reason}             takes the poison off a release
//   submit           {event, release, actor, backup,
//                    details}                           appends a request; returns {event_id}
//   outcome          {event_id}                           decision, run and steps so far
//   approve, refuse  {event_id, actor, reason}            answers what waits for approval
//   explain          {event}                              what would be decided, guard by guard
//   audit            {since_ms, limit}                    entries in order
//   backups          {}                                   complete backups
//
// The answer is a JSON object; {"error": text} or {"refused": text} where it could not be done. The
// same object answers on control.sock and, with the receiver down, inside the command line itself.
// Thread-safe.
class Control {
 public:
  Control(const ReceiverConfig& config, journal::Database& journal, Driver& driver,
          const KillSwitch& kill_switch, const FactGatherer& facts, Clock& clock,
          std::function<void()> wake)
      : config_(config),
        journal_(journal),
        driver_(driver),
        kill_switch_(kill_switch),
        facts_(facts),
        clock_(clock),
        wake_(std::move(wake)) {}

  nlohmann::json handle(const std::string& operation, const nlohmann::json& parameters);

 private:
  nlohmann::json status();
  nlohmann::json releases();
  nlohmann::json adopt(const nlohmann::json& parameters);
  nlohmann::json clear(const nlohmann::json& parameters);
  nlohmann::json submit(const nlohmann::json& parameters);
  nlohmann::json outcome(const nlohmann::json& parameters);
  nlohmann::json answer_approval(const nlohmann::json& parameters, const std::string& answer);
  nlohmann::json explain(const nlohmann::json& parameters);
  nlohmann::json audit(const nlohmann::json& parameters);
  nlohmann::json backups();

  const ReceiverConfig& config_;
  journal::Database& journal_;
  Driver& driver_;
  const KillSwitch& kill_switch_;
  const FactGatherer& facts_;
  Clock& clock_;
  std::function<void()> wake_;
};

}  // namespace backstay
