#include "receiver/intake/event_bounds.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace backstay::intake {
namespace {

using Fields = std::vector<std::string_view>;

Event deploy() {
  Event event;
  event.kind = EventKind::deploy_requested;
  event.source = "ci";
  event.dedupe_key = "deploy 1";
  event.actor = "ada";
  event.release = "v7";
  event.subject = "production";
  event.labels = {{"environment", "production"}};
  return event;
}

TEST(EventBounds, AnUsualEventStaysAsItIs) {
  Event event = deploy();
  const auto shortened = bound(event);
  ASSERT_TRUE(shortened);
  EXPECT_TRUE(shortened->empty());
  EXPECT_EQ(event.actor, "ada");
  EXPECT_EQ(event.dedupe_key, "deploy 1");
}

TEST(EventBounds, WhatIsOnlyShownIsCut) {
  Event event = deploy();
  event.actor = std::string(256, 'a');
  event.subject = std::string(1'000'000, 's');
  EXPECT_EQ(*bound(event), Fields{"subject"});
  EXPECT_EQ(event.actor, std::string(256, 'a'));
  EXPECT_EQ(event.subject, std::string(253, 's') + "…");
  EXPECT_EQ(event.labels.at("environment"), "production") << "rules look at labels";
  event.actor = std::string(257, 'a');
  EXPECT_EQ(*bound(event), Fields{"actor"});
  EXPECT_EQ(event.actor.size(), 256u);
}

TEST(EventBounds, ACharacterIsNotCutInTwo) {
  for (int before = 0; before < 4; ++before) {
    Event event = deploy();
    event.actor = std::string(static_cast<std::size_t>(before), 'x');
    for (int i = 0; i < 100; ++i) event.actor += "\xf0\x9f\x9a\x80";
    ASSERT_TRUE(bound(event));
    EXPECT_TRUE(is_valid_utf8(event.actor)) << event.actor;
    EXPECT_LE(event.actor.size(), 256u);
    EXPECT_GE(event.actor.size(), 250u);
  }
  Event event = deploy();
  event.actor = std::string(1000, '\x80');  // no characters at all
  ASSERT_TRUE(bound(event));
  EXPECT_LE(event.actor.size(), 256u);
}

// Prometheus would be asked for an alert that there is not.
TEST(EventBounds, TheNameOfAnAlertIsNotCut) {
  Event event = deploy();
  event.kind = EventKind::alert_firing;
  event.subject = std::string(300, 'A');
  EXPECT_TRUE(bound(event)->empty());
  EXPECT_EQ(event.subject, std::string(300, 'A'));
}

TEST(EventBounds, ALongKeyStillTellsOneEventFromAnother) {
  Event first = deploy();
  first.dedupe_key = std::string(5000, 'k') + "1";
  Event again = first;
  Event second = deploy();
  second.dedupe_key = std::string(5000, 'k') + "2";
  EXPECT_EQ(*bound(first), Fields{"dedupe_key"});
  ASSERT_TRUE(bound(again));
  ASSERT_TRUE(bound(second));
  EXPECT_EQ(first.dedupe_key.size(), 71u);
  EXPECT_EQ(first.dedupe_key, again.dedupe_key);
  EXPECT_NE(first.dedupe_key, second.dedupe_key);
  EXPECT_EQ(bounded_key(std::string(1024, 'k')), std::string(1024, 'k'));
  EXPECT_EQ(bounded_key(std::string(1025, 'k')).substr(0, 7), "sha256:");
}

TEST(EventBounds, AnEventThatIsTooLargeIsRefused) {
  Event event = deploy();
  event.labels["description"] = std::string(60'000, 'x');
  EXPECT_TRUE(bound(event));
  event.labels["more"] = std::string(6'000, 'x');
  const auto bounded = bound(event);
  ASSERT_FALSE(bounded);
  EXPECT_EQ(bounded.error().message, "an event has more than 65536 bytes");
}

}  // namespace
}  // namespace backstay::intake
