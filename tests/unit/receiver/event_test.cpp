#include "receiver/event.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

TEST(EventKinds, EachHasANameThatLeadsBackToIt) {
  for (int i = 0; i <= static_cast<int>(EventKind::alert_resolved); ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_NE(to_string(kind), "unknown");
    EXPECT_EQ(parse_event_kind(to_string(kind)), kind);
  }
}

TEST(EventKinds, AnotherWordIsNone) {
  for (const char* word : {"", "deploy", "Deploy_requested", "deploy_requested ", "unknown"}) {
    EXPECT_FALSE(parse_event_kind(word)) << word;
  }
}

TEST(EventKinds, WhatIsAskedForAndWhatHappenedAreTwoThings) {
  for (const auto kind :
       {EventKind::deploy_requested, EventKind::rollback_requested, EventKind::backup_requested}) {
    EXPECT_TRUE(asks_for_something(kind));
  }
  for (const auto kind :
       {EventKind::deploy_started, EventKind::deploy_succeeded, EventKind::deploy_failed,
        EventKind::alert_firing, EventKind::alert_resolved}) {
    EXPECT_FALSE(asks_for_something(kind));
  }
}

TEST(ReleaseNames, AreWhatPeopleCallReleases) {
  for (const std::string& name :
       {std::string("1"), std::string("v2.10.3"), std::string("2026-11-23_08.13+build.7"),
        std::string("f95f852bd8fca8fcc58a9a2d6c842781e32a215e"), std::string(128, 'a')}) {
    EXPECT_TRUE(is_valid_release_name(name)) << name;
  }
}

TEST(ReleaseNames, CanBeNoOptionNoPathAndNoShellWord) {
  for (const std::string& name :
       {std::string(),          std::string("--force"),   std::string("-1"),
        std::string("../x"),    std::string(".."),        std::string("a..b"),
        std::string(".hidden"), std::string("a/b"),       std::string("a b"),
        std::string("a\n"),     std::string("a;b"),       std::string("$(id)"),
        std::string("a'b"),     std::string("{release}"), std::string("ä"),
        std::string("a\0b", 3), std::string("_a"),        std::string("+a"),
        std::string(129, 'a'),  std::string(200, 'a')}) {
    EXPECT_FALSE(is_valid_release_name(name)) << name;
  }
}

}  // namespace
}  // namespace backstay
