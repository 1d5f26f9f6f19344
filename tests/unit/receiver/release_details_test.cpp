#include "receiver/release_details.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay {
namespace {

using nlohmann::json;

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string fault(const json& object) {
  const auto read = release_details_from_json(object);
  return read ? "none" : read.error().message;
}

ReleaseDetails details(const json& object) {
  const auto read = release_details_from_json(object);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? *read : ReleaseDetails{};
}

TEST(ReleaseDetails, WhatNobodyToldIsAbsent) {
  EXPECT_TRUE(details(json::object()).is_empty());
  EXPECT_TRUE(
      details({{"commit", ""}, {"digest", nullptr}, {"migrations", json::array()}}).is_empty());
  EXPECT_EQ(to_json(ReleaseDetails{}), json::object());
}

TEST(ReleaseDetails, AllOfItIsReadAndWrittenTheSame) {
  const json object = {{"commit", "1a2b3c4"},
                       {"commit_times", {"2026-11-26T10:00:00.000Z", "2026-11-26T11:00:00.000Z"}},
                       {"digest", kDigest},
                       {"migrations", {"0042_invite.sql"}},
                       {"rollback_safe", false},
                       {"rework", true}};
  EXPECT_EQ(to_json(details(object)), object);
}

TEST(ReleaseDetails, CommitsAreInTheOrderOfTheirTimes) {
  const auto read =
      details({{"commit_times", {"2026-11-26T12:00:00+01:00", "2026-11-26T10:00:00Z"}}});
  ASSERT_EQ(read.commit_times.size(), 2U);
  EXPECT_EQ(format_rfc3339(read.commit_times[0]), "2026-11-26T10:00:00.000Z");
}

TEST(ReleaseDetails, OneMayStandForAList) {
  EXPECT_EQ(details({{"migrations", "0042"}}).migrations, std::vector<std::string>{"0042"});
  EXPECT_EQ(details({{"commit_time", "2026-11-26T10:00:00Z"}}).commit_times.size(), 1U);
}

TEST(ReleaseDetails, WhatCouldBeAnOptionOrAPathIsRefusedByName) {
  EXPECT_EQ(fault({{"commit", "--force"}}), "commit: expected 7 to 64 hexadecimal digits");
  EXPECT_EQ(fault({{"commit", "1a2b3c"}}), "commit: expected 7 to 64 hexadecimal digits");
  EXPECT_EQ(fault({{"commit", 1234567}}), "commit: expected text");
  for (const std::string& digest :
       {std::string("latest"), "sha256:" + std::string(63, 'a'), "md5:" + std::string(64, 'a'),
        "sha256:" + std::string(63, 'a') + "/"}) {
    EXPECT_EQ(fault({{"digest", digest}}),
              "digest: expected sha256: and 64 hexadecimal digits, or sha512: and 128");
  }
  for (const char* name : {"--all", "../../etc/passwd", "a b", "a\nb"}) {
    EXPECT_EQ(fault({{"migrations", {name}}}),
              "migrations: only names of letters, digits, '.', '_', '-' and '+'");
  }
  EXPECT_EQ(fault({{"migrations", {1}}}), "migrations: expected text, or a list of texts");
  EXPECT_EQ(fault({{"commit_times", {"yesterday"}}}),
            "commit_times: expected a time as in RFC 3339");
  EXPECT_EQ(fault({{"commit_time", "yesterday"}}), "commit_time: expected a time as in RFC 3339");
  EXPECT_EQ(fault({{"rollback_safe", "perhaps"}}), "rollback_safe: expected true or false");
}

TEST(ReleaseDetails, WhatASenderTellsWronglyIsAbsentAndNamed) {
  const auto read = read_release_details(
      {{"commit", "main"}, {"commit_time", 1764151200}, {"digest", kDigest}, {"rework", "fix"}});
  EXPECT_EQ(to_json(read), (json{{"digest", kDigest},
                                 {"not_understood",
                                  {{"commit", "expected 7 to 64 hexadecimal digits"},
                                   {"commit_time", "expected text, or a list of texts"},
                                   {"rework", "expected true or false"}}}}));
  EXPECT_FALSE(read.is_empty());
}

TEST(ReleaseDetails, ARollbackSafeThatCannotBeReadIsFalse) {
  for (const json& value :
       {json("perhaps"), json("True"), json(1), json::array(), json::object()}) {
    EXPECT_EQ(read_release_details({{"rollback_safe", value}}).rollback_safe, false) << value;
  }
  for (const json& nothing : {json(""), json(nullptr)}) {
    EXPECT_EQ(read_release_details({{"rollback_safe", nothing}}).rollback_safe, std::nullopt);
  }
}

TEST(ReleaseDetails, WhatIsStoredIsReadBackWithWhatWasNotUnderstood) {
  const json object = to_json(read_release_details({{"digest", 1}, {"rollback_safe", 2}}));
  EXPECT_EQ(to_json(details_or_unsafe(object.dump(), "release 2")), object);
  EXPECT_TRUE(details({{"not_understood", {{"digest", "x"}}}}).is_empty()) << "not a sender's key";
}

TEST(ReleaseDetails, ListsHaveAnEnd) {
  const std::vector<std::string> times(ReleaseDetails::kCommitTimesMax + 1, "2026-11-26T10:00:00Z");
  EXPECT_EQ(fault({{"commit_times", times}}), "commit_times: more than 250");
  const std::vector<std::string> names(ReleaseDetails::kMigrationsMax + 1, "m");
  EXPECT_EQ(fault({{"migrations", names}}), "migrations: more than 200");
}

TEST(ReleaseDetails, WhatIsToldLaterTakesThePlaceOfWhatWasKnown) {
  const auto known = details({{"commit", "1111111"}, {"digest", kDigest}});
  const auto told =
      read_release_details({{"commit", "2222222"}, {"digest", "latest"}, {"rework", true}});
  EXPECT_EQ(to_json(merged(known, told)), (json{{"commit", "2222222"}, {"digest", kDigest}}))
      << "rework, and what is not understood, are about one deployment";
}

TEST(ReleaseDetails, PeopleReadItInOneLine) {
  EXPECT_EQ(describe(details({{"commit", "1a2b3c4"},
                              {"commit_times", {"2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"}},
                              {"migrations", {"0042", "0043"}},
                              {"rollback_safe", false}})),
            "commit 1a2b3c4, committed 2026-11-26T10:00:00.000Z to 2026-11-26T11:00:00.000Z, "
            "migrations 0042 0043, not rollback_safe");
}

}  // namespace
}  // namespace backstay
