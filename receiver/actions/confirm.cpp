#include "receiver/actions/confirm.h"

#include <optional>

#include "base/duration.h"

namespace backstay {
namespace {

std::string why_not_clear(const AlertFacts& facts, const std::string& alert) {
  if (!facts.known) return facts.problem;
  if (facts.firing) return alert + " is still pending or firing";
  return "there are no data behind " + alert;
}

}  // namespace

StepResult Confirm::perform(const StepContext& context) {
  const SteadyTime end = clock_.steady() + config_.within;
  std::optional<SteadyTime> clear_since;
  for (;;) {
    const AlertFacts facts = alerts_.ask(context.event.subject, context.event.labels);
    const SteadyTime now = clock_.steady();
    if (!facts.known || facts.firing || !facts.has_data) {
      clear_since.reset();
    } else if (!clear_since) {
      clear_since = now;
    } else if (now - *clear_since >= config_.clear_for) {
      return {Outcome::done, context.event.subject + " has data and has been clear for " +
                                 format_duration(config_.clear_for)};
    }
    if (now >= end) {
      const std::string why = clear_since ? "it was clear for too short a time"
                                          : why_not_clear(facts, context.event.subject);
      return {Outcome::failed,
              "not confirmed within " + format_duration(config_.within) + ": " + why};
    }
    if (!clock_.sleep(config_.interval, context.stop)) {
      return {Outcome::unknown, "stopped while waiting for the alert to clear"};
    }
  }
}

CheckResult Confirm::check(const StepContext&) {
  return {Finding::not_done, "waiting changes nothing and is done again"};
}

}  // namespace backstay
