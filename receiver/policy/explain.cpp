#include "receiver/policy/explain.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/json_text.h"
#include "receiver/policy/facts.h"
#include "receiver/policy/guards.h"

namespace backstay {
namespace {

using nlohmann::json;

// The columns of the table events, and what an entry of the audit has beside them.
constexpr std::array<std::string_view, 17> kKeys{
    "id",    "event_id", "received_at", "source", "dedupe_key", "kind",
    "actor", "release",  "subject",     "labels", "began_at",   "deliveries",
    "at",    "what",     "why",         "token",  "details"};

Result<std::string> text_of(const json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || found->is_null()) return std::string();
  if (!found->is_string()) return fail(std::string(key) + ": expected text");
  return found->get<std::string>();
}

Result<std::optional<WallTime>> time_of(const json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || found->is_null()) return std::optional<WallTime>();
  if (found->is_number_integer()) return std::optional(from_unix_ms(found->get<std::int64_t>()));
  if (found->is_string()) {
    if (const auto time = parse_rfc3339(found->get<std::string>())) return std::optional(*time);
  }
  return fail(std::string(key) + ": expected milliseconds since 1970, or a time as in RFC 3339");
}

Result<std::map<std::string, std::string>> labels_of(const json& document) {
  std::map<std::string, std::string> labels;
  const auto found = document.find("labels");
  if (found == document.end() || found->is_null()) return labels;
  const json object =
      found->is_string() ? parse_json(found->get_ref<const std::string&>()) : *found;
  if (!object.is_object()) return fail("labels: expected an object");
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return fail("labels." + name + ": expected text");
    labels[name] = value.get<std::string>();
  }
  return labels;
}

Result<EventKind> kind_of(const json& document) {
  auto word = text_of(document, "kind");
  if (word && *word == "event") word = text_of(document, "what");  // an entry of the audit
  if (!word) return fail(word.error());
  if (word->empty()) return fail("kind: is missing");
  const auto kind = parse_event_kind(*word);
  if (!kind) return fail("kind: unknown event \"" + *word + "\"");
  return *kind;
}

// What the driver says is live, where the ledger has not heard of it.
void reconcile_in_memory(Ledger& ledger, const Facts& facts) {
  const Deployment* live = ledger.live();
  if (!facts.live_known || !facts.live_release) return;
  if (live != nullptr && live->release == *facts.live_release) return;
  if (live != nullptr) ledger.deployments.front().ended_at = facts.gathered_at;
  Deployment observed;
  observed.release = *facts.live_release;
  observed.kind = "observed";
  observed.live_at = facts.gathered_at;
  ledger.deployments.insert(ledger.deployments.begin(), observed);
}

json check_json(const GuardCheck& check) {
  json entry = {{"guard", check.guard}, {"asks", check.asks}, {"passed", !check.no}};
  if (check.no) {
    entry["reason"] = to_string(check.no->reason);
    entry["why"] = check.no->explanation;
  }
  return entry;
}

}  // namespace

Result<StoredEvent> event_from_json(const json& document, WallTime now) {
  if (!document.is_object()) return fail("expected an object: one event");
  for (const auto& [key, value] : document.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return fail(key + ": unknown key");
  }
  const auto kind = kind_of(document);
  if (!kind) return fail(kind.error());
  StoredEvent stored;
  stored.event.kind = *kind;
  const std::array<std::pair<const char*, std::string*>, 5> texts{
      {{"source", &stored.event.source},
       {"dedupe_key", &stored.event.dedupe_key},
       {"actor", &stored.event.actor},
       {"release", &stored.event.release},
       {"subject", &stored.event.subject}}};
  for (const auto& [key, target] : texts) {
    auto text = text_of(document, key);
    if (!text) return fail(text.error());
    *target = *text;
  }
  const std::string& release = stored.event.release;
  if (!release.empty() && !is_valid_release_name(release)) {
    return fail("release: \"" + release + "\" is not a release's name");
  }
  auto labels = labels_of(document);
  if (!labels) return fail(labels.error());
  stored.event.labels = *labels;
  const auto began = time_of(document, "began_at");
  if (!began) return fail(began.error());
  stored.event.began_at = *began;
  const auto received = time_of(document, "received_at");
  if (!received) return fail(received.error());
  stored.received_at = received->value_or(now);
  return stored;
}

json explain(const StoredEvent& event, const Facts& facts, History history, const Policy& policy,
             WallTime now) {
  reconcile_in_memory(history.ledger, facts);
  std::vector<GuardCheck> trail;
  const Decision decision = decide(event, facts, history, policy, now, trail);
  json answer = {{"mode", to_string(policy.mode)},         {"event", to_string(event.event.kind)},
                 {"verdict", to_string(decision.verdict)}, {"reason", to_string(decision.reason)},
                 {"explanation", decision.explanation},    {"rule", decision.rule},
                 {"facts", parse_json(to_json(facts))},    {"guards", json::array()}};
  if (decision.verdict == Verdict::act || decision.verdict == Verdict::observe ||
      decision.verdict == Verdict::wait) {
    answer["action"] = to_string(decision.action);
    answer["from"] = decision.release_from;
    answer["to"] = decision.release_to;
    answer["with_backup"] = decision.with_backup;
  }
  for (const GuardCheck& check : trail) answer["guards"].push_back(check_json(check));
  return answer;
}

}  // namespace backstay
