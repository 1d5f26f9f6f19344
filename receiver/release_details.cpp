#include "receiver/release_details.h"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/timestamp.h"
#include "receiver/event.h"
#include "receiver/json_text.h"

namespace backstay {
namespace {

using nlohmann::json;

constexpr const char* kNotUnderstood = "not_understood";

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_commit(std::string_view text) {
  return text.size() >= 7 && text.size() <= 64 && is_hex(text);
}

bool is_digest(std::string_view text) {
  const std::string_view algorithm = text.substr(0, 7);
  const std::string_view hex = text.size() > 7 ? text.substr(7) : "";
  return (algorithm == "sha256:" && hex.size() == 64 && is_hex(hex)) ||
         (algorithm == "sha512:" && hex.size() == 128 && is_hex(hex));
}

// None where nothing is told: the key is absent, or its value is null or "".
const json* value_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return nullptr;
  const bool is_blank = found->is_string() && found->get_ref<const std::string&>().empty();
  return is_blank ? nullptr : &*found;
}

Result<std::string> text_at(const json& object, const char* key) {
  const json* value = value_at(object, key);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return fail("expected text");
  return value->get<std::string>();
}

Result<std::vector<std::string>> texts_at(const json& object, const char* key, std::size_t max) {
  const json* value = value_at(object, key);
  if (value == nullptr) return std::vector<std::string>();
  if (value->is_string()) return std::vector<std::string>{value->get<std::string>()};
  if (!value->is_array()) return fail("expected text, or a list of texts");
  if (value->size() > max) return fail("more than " + std::to_string(max));
  std::vector<std::string> texts;
  for (const json& each : *value) {
    if (!each.is_string()) return fail("expected text, or a list of texts");
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

Result<std::string> commit_at(const json& object) {
  auto commit = text_at(object, "commit");
  if (!commit || commit->empty() || is_commit(*commit)) return commit;
  return fail("expected 7 to 64 hexadecimal digits");
}

Result<std::string> digest_at(const json& object) {
  auto digest = text_at(object, "digest");
  if (!digest || digest->empty() || is_digest(*digest)) return digest;
  return fail("expected sha256: and 64 hexadecimal digits, or sha512: and 128");
}

Result<std::optional<bool>> truth_at(const json& object, const char* key) {
  const json* value = value_at(object, key);
  if (value == nullptr) return std::optional<bool>();
  if (*value == true || *value == "true") return std::optional(true);
  if (*value == false || *value == "false") return std::optional(false);
  return fail("expected true or false");
}

const char* times_key(const json& object) {
  return value_at(object, "commit_times") == nullptr ? "commit_time" : "commit_times";
}

Result<std::vector<WallTime>> times_at(const json& object) {
  const auto texts = texts_at(object, times_key(object), ReleaseDetails::kCommitTimesMax);
  if (!texts) return fail(texts.error());
  std::vector<WallTime> times;
  for (const std::string& text : *texts) {
    const auto time = parse_rfc3339(text);
    if (!time) return fail("expected a time as in RFC 3339");
    times.push_back(*time);
  }
  std::sort(times.begin(), times.end());
  return times;
}

Result<std::vector<std::string>> migrations_at(const json& object) {
  auto names = texts_at(object, "migrations", ReleaseDetails::kMigrationsMax);
  if (!names) return names;
  const bool are_names = std::all_of(names->begin(), names->end(), is_valid_release_name);
  if (!are_names) {
    return fail("only names of letters, digits, '.', '_', '-' and '+'");
  }
  return names;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

// What to_json() has written. Anything else is an error.
Result<ReleaseDetails> as_written(const json& object) {
  auto details = release_details_from_json(object);
  if (!details) return details;
  const auto notes = object.find(kNotUnderstood);
  if (notes == object.end()) return details;
  for (const auto& [key, expected] : notes->items()) {
    if (!expected.is_string()) return fail(std::string(kNotUnderstood) + ": expected texts");
    details->not_understood[key] = expected.get<std::string>();
  }
  return details;
}

}  // namespace

bool ReleaseDetails::is_empty() const {
  return commit.empty() && commit_times.empty() && digest.empty() && migrations.empty() &&
         !rollback_safe && !rework && not_understood.empty();
}

ReleaseDetails read_release_details(const json& object) {
  ReleaseDetails details;
  const auto take = [&](auto read, const std::string& key, auto& place) {
    if (read) {
      place = std::move(*read);
    } else {
      details.not_understood[key] = read.error().message;
    }
  };
  take(commit_at(object), "commit", details.commit);
  take(times_at(object), times_key(object), details.commit_times);
  take(digest_at(object), "digest", details.digest);
  take(migrations_at(object), "migrations", details.migrations);
  take(truth_at(object, "rollback_safe"), "rollback_safe", details.rollback_safe);
  take(truth_at(object, "rework"), "rework", details.rework);
  if (details.not_understood.count("rollback_safe") > 0) details.rollback_safe = false;
  return details;
}

Result<ReleaseDetails> release_details_from_json(const json& object) {
  ReleaseDetails details = read_release_details(object);
  if (details.not_understood.empty()) return details;
  const auto& [key, expected] = *details.not_understood.begin();
  return fail(key + ": " + expected);
}

ReleaseDetails details_or_unsafe(const std::string& text, const std::string& of) {
  const json object = parse_json(text);
  auto details =
      object.is_object() ? as_written(object) : Result<ReleaseDetails>(fail("not a JSON object"));
  if (details) return std::move(*details);
  log::warn("what the journal has of a release's details cannot be read",
            {{"of", of}, {"error", details.error().message}});
  ReleaseDetails unsafe;
  unsafe.rollback_safe = false;
  return unsafe;
}

json to_json(const ReleaseDetails& details) {
  json object = json::object();
  if (!details.commit.empty()) object["commit"] = details.commit;
  for (const WallTime time : details.commit_times) {
    object["commit_times"].push_back(format_rfc3339(time));
  }
  if (!details.digest.empty()) object["digest"] = details.digest;
  if (!details.migrations.empty()) object["migrations"] = details.migrations;
  if (details.rollback_safe) object["rollback_safe"] = *details.rollback_safe;
  if (details.rework) object["rework"] = *details.rework;
  if (!details.not_understood.empty()) object[kNotUnderstood] = details.not_understood;
  return object;
}

ReleaseDetails merged(const ReleaseDetails& known, const ReleaseDetails& told) {
  ReleaseDetails result = known;
  if (!told.commit.empty()) result.commit = told.commit;
  if (!told.commit_times.empty()) result.commit_times = told.commit_times;
  if (!told.digest.empty()) result.digest = told.digest;
  if (!told.migrations.empty()) result.migrations = told.migrations;
  if (told.rollback_safe) result.rollback_safe = told.rollback_safe;
  result.rework.reset();
  result.not_understood.clear();
  return result;
}

std::string describe(const ReleaseDetails& details) {
  std::vector<std::string> parts;
  if (!details.commit.empty()) parts.push_back("commit " + details.commit);
  if (!details.commit_times.empty()) {
    const std::string oldest = format_rfc3339(details.commit_times.front());
    const std::string newest = format_rfc3339(details.commit_times.back());
    parts.push_back("committed " + oldest + (newest == oldest ? "" : " to " + newest));
  }
  if (!details.digest.empty()) parts.push_back("digest " + details.digest);
  if (!details.migrations.empty()) parts.push_back("migrations " + joined(details.migrations));
  if (details.rollback_safe) {
    parts.emplace_back(*details.rollback_safe ? "rollback_safe" : "not rollback_safe");
  }
  for (const auto& [key, expected] : details.not_understood) {
    parts.push_back(key + " not understood: " + expected);
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace backstay
