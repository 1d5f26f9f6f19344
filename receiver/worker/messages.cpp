#include "receiver/worker/messages.h"

namespace backstay {
namespace {

std::string names(const journal::Run& run) {
  if (run.action == "backup") return "backup";
  if (run.action == "deploy") return "deploy of release " + run.release_to;
  return "rollback from release " + run.release_from + " to " + run.release_to;
}

// A refusal that leaves a bad release in place wakes someone; one that only says "done already"
// does not. Nor does live_is_a_rollback: the alerts that led to a rollback fire on for minutes
// after it, and where that is not confirmed its run calls a person.
bool needs_a_person(Reason reason) {
  switch (reason) {
    case Reason::disarmed:
    case Reason::live_unknown:
    case Reason::nothing_live:
    case Reason::alert_unknown:
    case Reason::no_data:
    case Reason::condition_unknown:
    case Reason::cooldown:
    case Reason::hourly_limit:
    case Reason::no_good_release:
    case Reason::not_kept:
    case Reason::not_rollback_safe:
    case Reason::approval_expired:
    case Reason::approval_outdated:
      return true;
    default:
      return false;
  }
}

// Whoever asked had a 2xx for it, and hears nothing else; of our own failed deploy nobody else says
// that it still serves.
bool has_waited_too_long(const Event& event, const Decision& decision) {
  return decision.reason == Reason::outside_window &&
         (asks_for_something(event.kind) || event.source == "backstay");
}

}  // namespace

std::optional<Notice> message_for_decision(const std::string& service, const Event& event,
                                           const Decision& decision) {
  const bool is_alert = event.kind == EventKind::alert_firing;
  const std::string severity = is_alert ? "critical" : "warning";
  switch (decision.verdict) {
    case Verdict::act:
      return Notice{is_alert ? "warning" : "info",
                    service + ": " + std::string(to_string(decision.action)) + " begins",
                    decision.explanation};
    case Verdict::observe:
      return Notice{"info", service + ": observed, not acted on", decision.explanation,
                    "observed " + decision.rule};
    case Verdict::wait:
      return Notice{severity,
                    service + ": " + std::string(to_string(decision.action)) + " needs approval",
                    decision.explanation,
                    {}};
    case Verdict::refuse:
      if (decision.reason == Reason::undecidable) {
        return Notice{"critical", service + ": an event cannot be decided", decision.explanation,
                      "critical undecidable"};
      }
      if (decision.rule.empty()) return std::nullopt;
      if (!needs_a_person(decision.reason) && !has_waited_too_long(event, decision)) {
        return std::nullopt;
      }
      return Notice{severity, service + ": " + std::string(to_string(decision.action)) + " refused",
                    decision.explanation,
                    severity + " refused " + decision.rule + " for " +
                        std::string(to_string(decision.reason))};
    case Verdict::note:
      break;
  }
  return std::nullopt;
}

std::optional<Notice> message_for_step(const std::string& service, const journal::Run& run,
                                       const journal::Step& step) {
  if (step.name == "backup" && !step.is_done() && run.action == "rollback") {
    return Notice{"error", service + ": the backup beside a rollback failed",
                  step.detail + ". The rollback goes on: it changes no data."};
  }
  if (step.name == "verify" && step.is_done() && run.action == "rollback") {
    return Notice{"info", service + ": release " + run.release_to + " is back and verified",
                  step.detail};
  }
  return std::nullopt;
}

std::optional<Notice> message_for_end(const std::string& service, const journal::Run& run,
                                      const std::string& outcome, const std::string& detail) {
  if (outcome == "done") return Notice{"info", service + ": " + names(run) + " done", detail};
  const bool is_rollback = run.action == "rollback";
  return Notice{
      is_rollback ? "critical" : "error",
      service + ": " + names(run) + " " + outcome + (is_rollback ? ", a person is needed" : ""),
      detail + ". backstay audit tells what happened" +
          (is_rollback ? "; nothing more is tried by itself." : ".")};
}

}  // namespace backstay
