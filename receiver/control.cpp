#include "receiver/control.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/outbox.h"

namespace backstay {
namespace {

using nlohmann::json;

json error(const std::string& message) { return {{"error", message}}; }
json refused(const std::string& message) { return {{"refused", message}}; }

json time_or_null(const std::optional<WallTime>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

std::string state_of(const Release& release, const Ledger& ledger) {
  if (release.poisoned_at) return "poisoned";
  if (release.good_at) return "good";
  const Deployment* live = ledger.live();
  return live != nullptr && live->release == release.name ? "settling" : "candidate";
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
    if (operation == "audit") return audit(parameters);
    if (operation == "backups") return backups();
  } catch (const json::exception&) {
    return error(operation + ": a parameter is missing or of the wrong type");
  }
  return error("unknown operation " + operation);
}

json Control::status() {
  json answer = {{"service", config_.service},
                 {"mode", config_.policy.mode == Policy::Mode::automatic ? "auto" : "observe"},
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
  });
  return read ? answer : error(read.error().message);
}

json Control::releases() {
  const auto kept = driver_.kept();
  json list = json::array();
  const auto read = journal_.read([&](journal::Transaction& tx) {
    const Ledger ledger = load_ledger(tx);
    for (const Release& release : ledger.releases) {
      const Deployment* live = ledger.live();
      json entry = {{"release", release.name},
                    {"state", state_of(release, ledger)},
                    {"live", live != nullptr && live->release == release.name},
                    {"first_seen_at", format_rfc3339(release.first_seen_at)},
                    {"good_at", time_or_null(release.good_at)},
                    {"poisoned_at", time_or_null(release.poisoned_at)},
                    {"poison_reason", release.poison_reason},
                    {"rollback_safe", release.rollback_safe}};
      if (kept) {
        entry["kept"] = std::find(kept->begin(), kept->end(), release.name) != kept->end();
      }
      list.push_back(entry);
    }
  });
  return read ? json{{"releases", list}} : error(read.error().message);
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

json Control::audit(const json& parameters) {
  const WallTime since = from_unix_ms(parameters.value("since_ms", std::int64_t{0}));
  const auto limit = parameters.value("limit", std::int64_t{10'000});
  json entries = json::array();
  const auto read = journal_.read([&](journal::Transaction& tx) {
    for (const auto& entry : read_audit(tx, since, limit)) {
      json row = {{"at", format_rfc3339(entry.at)}, {"kind", entry.kind},   {"what", entry.what},
                  {"subject", entry.subject},       {"actor", entry.actor}, {"why", entry.why}};
      if (entry.event_id != 0) row["event_id"] = entry.event_id;
      if (entry.run_id != 0) row["run_id"] = entry.run_id;
      if (entry.token != 0) row["token"] = entry.token;
      entries.push_back(row);
    }
  });
  return read ? json{{"audit", entries}} : error(read.error().message);
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
