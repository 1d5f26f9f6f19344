#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace backstay {

// What a sender tells of a release besides its name: what it is made of, and why it is deployed.
// All of it is optional, and what nobody told is absent. Every value is checked like a release's
// name: it may end up in an argv.
struct ReleaseDetails {
  static constexpr std::size_t kCommitTimesMax = 250;
  static constexpr std::size_t kMigrationsMax = 200;

  std::string commit;                   // hexadecimal, 7 to 64 digits
  std::vector<WallTime> commit_times;   // of the commits that are new in it, oldest first
  std::string digest;                   // as OCI writes it: "sha256:" or "sha512:" and hexadecimal
  std::vector<std::string> migrations;  // of the database, by name, in order
  std::optional<bool> rollback_safe;    // false: it must not be rolled back over
  std::optional<bool> rework;           // true: an unplanned fix for what goes wrong in production
  // What was told and could not be read: its key, and in our own words what was expected. It is
  // about one delivery.
  std::map<std::string, std::string> not_understood = {};

  [[nodiscard]] bool is_empty() const;
};

// Reads the keys commit, commit_times (or commit_time), digest, migrations, rollback_safe and
// rework of an object; other keys may stand beside them. A text may stand for a list of one, null
// and "" for what is not there. A value of another form is absent, and named in `not_understood`;
// but a rollback_safe that cannot be read is false: whoever spoke of it may have meant that.
ReleaseDetails read_release_details(const nlohmann::json& object);
// For people, who can write it again: the first that is not understood is an error, which names the
// key.
Result<ReleaseDetails> release_details_from_json(const nlohmann::json& object);
// As the journal keeps them, `of` whom for the log. What cannot be read is nothing but not
// rollback_safe, since it may have said so.
ReleaseDetails details_or_unsafe(const std::string& text, const std::string& of);
// Only what is there, so that nothing is an empty object.
nlohmann::json to_json(const ReleaseDetails& details);

// What was known, with what is told now in its place. `rework` and `not_understood` are about one
// deployment, and left out: the result is about the release.
ReleaseDetails merged(const ReleaseDetails& known, const ReleaseDetails& told);

// For people: "commit 1a2b3c4, digest sha256:…, migrations 0042_invite, not rollback_safe".
std::string describe(const ReleaseDetails& details);

}  // namespace backstay
