#include "receiver/control.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/journal/approval_log.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/outbox.h"
#include "receiver/ledger/ledger_report.h"
#include "receiver/policy/explain.h"
#include "receiver/policy/history.h"

namespace backstay {
namespace {

using nlohmann::json;

json error(const std::string& message) { return {{"error", message}}; }
json refused(const std::string& message) { return {{"refused", message}}; }

json time_or_null(const std::optional<WallTime>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

json run_json(const journal::Run& run) {
  return {{"id", run.id},
          {"action", run.action},
          {"from", run.release_from},
          {"to", run.release_to},
          {"rule", run.rule},
          {"started_at", format_rfc3339(run.started_at)},
          {"ended_at", time_or_null(run.ended_at)},
          {"outcome", run.outcome},
          {"detail", run.detail}};
}

json step_json(const journal::Step& step) {
  return {{"token", step.token},
          {"name", step.name},
          {"started_at", format_rfc3339(step.started_at)},
          {"ended_at", time_or_null(step.ended_at)},
          {"outcome", step.outcome},
          {"finding", step.finding},
          {"detail", step.detail}};
}

json approval_json(const journal::Approval& approval) {
  return {{"event_id", approval.event_id},
          {"explanation", approval.explanation},
          {"asked_at", format_rfc3339(approval.asked_at)},
          {"expires_at", format_rfc3339(approval.expires_at)},
          {"answer", approval.answer}};
}

// Why an approval cannot be answered now; empty where it can.
std::string not_open(journal::Transaction& tx, std::int64_t event_id, WallTime now) {
  const std::string event = "event " + std::to_string(event_id);
  const auto approval = find_approval(tx, event_id);
  if (!approval) return event + " does not wait for approval";
  if (approval->answered_at) {
    return event + " was " + approval->answer + " at " + format_rfc3339(*approval->answered_at) +
           " by " + approval->actor;
  }
  if (const auto decision = find_decision(tx, event_id)) {
    return event + " is decided: " + decision->explanation;
  }
  if (now < approval->expires_at) return "";
  return "the time to answer for " + event + " was over at " + format_rfc3339(approval->expires_at);
}

std::string text(const json& parameters, const char* key) {
  const auto found = parameters.find(key);
  return found != parameters.end() && found->is_string() ? found->get<std::string>() : "";
}

// Two requests of one person within a millisecond are two requests.
std::string next_dedupe_key(journal::Transaction& tx, WallTime now) {
  journal::Statement count = tx.prepare("SELECT count(*) FROM events WHERE source = 'cli'");
  count.next();
  return std::to_string(to_unix_ms(now)) + "-" + std::to_string(count.integer(0));
}

}  // namespace

json Control::handle(const std::string& operation, const json& parameters) {
  try {
    if (operation == "status") return status();
    if (operation == "releases") return releases();
    if (operation == "adopt") return adopt(parameters);
    if (operation == "clear") return clear(parameters);
    if (operation == "submit") return submit(parameters);
    if (operation == "outcome") return outcome(parameters);
    if (operation == "approve") return answer_approval(parameters, "approved");
    if (operation == "refuse") return answer_approval(parameters, "refused");
    if (operation == "explain") return explain(parameters);
    if (operation == "audit") return audit(parameters);
    if (operation == "backups") return backups();
  } catch (const json::exception&) {
    return error(operation + ": a parameter is missing or of the wrong type");
  }
  return error("unknown operation " + operation);
}

json Control::status() {
  json answer = {{"service", config_.service},
                 {"mode", to_string(config_.policy.mode)},
                 {"disarmed", kill_switch_.is_disarmed()}};
  const auto current = driver_.current();
  if (current) {
    answer["live"] = current->value_or("");
  } else {
    answer["live_problem"] = current.error().message;
  }
  const auto read = journal_.read([&](journal::Transaction& tx) {
    const Ledger ledger = load_ledger(tx);
    if (const Deployment* live = ledger.live()) {
      answer["ledger_live"] = live->release;
      answer["live_since"] = format_rfc3339(live->live_at);
      answer["live_by"] = live->kind;
      if (const Release* release = ledger.find(live->release)) {
        answer["live_state"] = state_of(*release, ledger);
      }
    }
    const auto run = run_in_flight(tx);
    answer["run_in_flight"] = run ? run_json(*run) : json(nullptr);
    answer["events_waiting"] = count_undecided(tx);
    answer["messages_waiting"] = count_pending(tx);
    answer["approvals"] = json::array();
    for (const journal::Approval& approval : open_approvals(tx)) {
      answer["approvals"].push_back(approval_json(approval));
    }
  });
  return read ? answer : error(read.error().message);
}

json Control::releases() {
  const auto kept = driver_.kept();
  Ledger ledger;
  std::map<std::string, ReleaseDetails> details;
  const auto read = journal_.read([&](journal::Transaction& tx) {
    ledger = load_ledger(tx);
    details = load_details(tx);
  });
  if (!read) return error(read.error().message);
  return ledger_report(ledger, details, kept ? std::optional(*kept) : std::nullopt);
}

json Control::adopt(const json& parameters) {
  const std::string release = text(parameters, "release");
  if (!is_valid_release_name(release)) return error("\"" + release + "\" is not a release's name");
  const auto current = driver_.current();
  if (!current) return refused("the driver cannot tell what is live: " + current.error().message);
  if (current->value_or("") != release) {
    return refused("release " + release + " is not live; the driver says " +
                   current->value_or("nothing") + " is");
  }
  const auto written = journal_.write([&](journal::Transaction& tx) {
    backstay::adopt(tx, release, clock_.now(), text(parameters, "actor"),
                    text(parameters, "reason"));
  });
  return written ? json{{"adopted", release}} : error(written.error().message);
}

json Control::clear(const json& parameters) {
  const std::string release = text(parameters, "release");
  if (text(parameters, "reason").empty()) return error("a reason is needed: --reason TEXT");
  bool was_poisoned = false;
  const auto written = journal_.write([&](journal::Transaction& tx) {
    was_poisoned = clear_poison(tx, release, clock_.now(), text(parameters, "actor"),
                                text(parameters, "reason"));
  });
  if (!written) return error(written.error().message);
  if (!was_poisoned) return refused("release " + release + " is not poisoned");
  return {{"cleared", release}};
}

json Control::submit(const json& parameters) {
  Event event;
  const auto kind = parse_event_kind(text(parameters, "event"));
  if (!kind || !asks_for_something(*kind)) return error("not a request: event");
  event.kind = *kind;
  event.source = "cli";
  event.actor = text(parameters, "actor");
  event.release = text(parameters, "release");
  if (!event.release.empty() && !is_valid_release_name(event.release)) {
    return error("\"" + event.release + "\" is not a release's name");
  }
  auto details = release_details_from_json(parameters.value("details", json::object()));
  if (!details) return error(details.error().message);
  event.details = std::move(*details);
  if (!parameters.value("backup", true)) event.labels["backup"] = "no";
  std::optional<std::int64_t> id;
  const auto written = journal_.write([&](journal::Transaction& tx) {
    const WallTime now = clock_.now();
    event.dedupe_key = next_dedupe_key(tx, now);
    id = append_event(tx, event, now);
  });
  if (!written) return error(written.error().message);
  wake_();
  return {{"event_id", id.value_or(0)}};
}

json Control::outcome(const json& parameters) {
  const std::int64_t id = parameters.at("event_id");
  json answer = {{"event_id", id}, {"decision", nullptr}, {"run", nullptr}, {"final", false}};
  const auto read = journal_.read([&](journal::Transaction& tx) {
    const auto decision = find_decision(tx, id);
    if (!decision) return;
    answer["decision"] = {{"verdict", decision->verdict},
                          {"reason", decision->reason},
                          {"explanation", decision->explanation}};
    const auto run = run_of_event(tx, id);
    answer["final"] = !run || run->ended_at.has_value();
    if (!run) return;
    answer["run"] = run_json(*run);
    answer["run"]["steps"] = json::array();
    for (const journal::Step& step : steps_of(tx, run->id)) {
      answer["run"]["steps"].push_back(step_json(step));
    }
  });
  return read ? answer : error(read.error().message);
}

json Control::answer_approval(const json& parameters, const std::string& answer) {
  const std::int64_t id = parameters.at("event_id");
  const std::string actor = text(parameters, "actor");
  if (actor.empty()) return error("who answers is needed: actor");
  std::string problem;
  const auto written = journal_.write([&](journal::Transaction& tx) {
    const WallTime now = clock_.now();
    problem = not_open(tx, id, now);
    if (!problem.empty()) return;
    journal::answer_approval(tx, id, now, answer, actor, text(parameters, "reason"));
    // Others may wait for the same, and are now refused with it.
    if (answer == "refused") look_again_at_approvals(tx);
  });
  if (!written) return error(written.error().message);
  if (!problem.empty()) return refused(problem);
  wake_();
  return {{"event_id", id}, {"answer", answer}};
}

// An entry of the audit names its event; what is not in the journal is told with all its keys.
json Control::explain(const json& parameters) {
  const json& document = parameters.at("event");
  const WallTime now = clock_.now();
  auto event = event_from_json(document, now);
  if (!event) return error("event: " + event.error().message);
  const std::int64_t id = document.value("event_id", document.value("id", std::int64_t{0}));
  History history;
  const auto read = journal_.read([&](journal::Transaction& tx) {
    const auto stored = find_event(tx, id);
    if (document.contains("event_id") && stored) event = *stored;
    history = load_history(tx, document.contains("event_id") ? id : 0, event->received_at,
                           config_.policy, now);
  });
  if (!read) return error(read.error().message);
  const std::string condition = condition_for(event->event, config_.policy);
  Facts facts = facts_.gather(event->event, condition, std::chrono::milliseconds(0), {});
  facts.follow_the_answer = history.approval && history.approval->answered_at;
  return backstay::explain(*event, facts, std::move(history), config_.policy, clock_.now());
}

json Control::audit(const json& parameters) {
  constexpr auto kByDefault = journal::AuditRange::kEntriesByDefault;
  constexpr std::int64_t kAskedForMax = 1'000'000'000;
  journal::AuditRange range;
  range.since = from_unix_ms(parameters.value("since_ms", std::int64_t{0}));
  if (parameters.contains("until_ms")) range.until = from_unix_ms(parameters.at("until_ms"));
  range.entries_max =
      std::clamp<std::int64_t>(parameters.value("limit", kByDefault), 1, kAskedForMax);
  bool is_truncated = false;
  json entries = json::array();
  // By a connection of its own: to go through a million events takes seconds, and nobody waits.
  // Damage that it comes upon is everybody's.
  const auto reader = journal::Database::open_to_read(config_.journal_path());
  if (!reader) return error(reader.error().message);
  const auto read = (*reader)->read([&](journal::Transaction& tx) {
    const journal::AuditPage page = read_audit(tx, range);
    is_truncated = page.is_truncated;
    for (const auto& entry : page.entries) {
      json row = {{"at", format_rfc3339(entry.at)}, {"kind", entry.kind},   {"what", entry.what},
                  {"subject", entry.subject},       {"actor", entry.actor}, {"why", entry.why}};
      if (entry.event_id != 0) row["event_id"] = entry.event_id;
      if (entry.run_id != 0) row["run_id"] = entry.run_id;
      if (entry.token != 0) row["token"] = entry.token;
      entries.push_back(row);
    }
  });
  journal_.heed_damage_of(**reader);
  if (!read) return error(read.error().message);
  return {{"audit", entries}, {"truncated", is_truncated}};
}

json Control::backups() {
  json list = json::array();
  for (const BackupEntry& entry : list_backups(config_.backups.dir)) {
    list.push_back({{"id", entry.id},
                    {"created_at", format_rfc3339(entry.created_at)},
                    {"release", entry.release},
                    {"bytes", entry.bytes}});
  }
  return {{"backups", list}, {"dir", config_.backups.dir}};
}

}  // namespace backstay
