#include "receiver/channels/template_failures.h"

#include <map>

#include <gtest/gtest.h>

#include "receiver/channels/slack.h"
#include "tests/scripted_http.h"

namespace backstay {
namespace {

struct TemplateFailuresTest : ::testing::Test {
  // By channel and reason.
  std::map<std::string, double> counted() const {
    std::map<std::string, double> counts;
    for (const auto& family : registry.Collect()) {
      EXPECT_EQ(family.name, "backstay_receiver_template_failures_total");
      for (const auto& metric : family.metric) {
        counts[metric.label.at(0).value + " " + metric.label.at(1).value] = metric.counter.value;
      }
    }
    return counts;
  }
  static Wording of_text(const std::string& text) {
    return {"shop", std::nullopt, *MessageTemplate::parse(text, "t")};
  }

  prometheus::Registry registry;
  TemplateFailures failures{registry};
  Message message{"backstay-7", WallTime(), "info", "title", "text", {}};
};

TEST_F(TemplateFailuresTest, AChannelWithATemplateIsThereFromTheStart) {
  static_cast<void>(failures.counted(of_text("{{text}}"), "log"));
  static_cast<void>(failures.counted({}, "slack"));
  EXPECT_EQ(counted(), (std::map<std::string, double>{
                           {"log empty", 0}, {"log failed", 0}, {"log refused", 0}}));
}

TEST_F(TemplateFailuresTest, WhatComesOutEmptyIsCountedForItsChannel) {
  const Wording wording = failures.counted(of_text("{{#run}}run {{run}}{{/run}}"), "log");
  static_cast<void>(failures.counted(of_text("{{text}}"), "email"));
  EXPECT_EQ(wording.apply(message, unescaped).text, "text");
  EXPECT_EQ(counted()["log empty"], 1);
  EXPECT_EQ(counted()["email empty"], 0);
  message.fields = {{"run", "4"}};
  EXPECT_EQ(wording.apply(message, unescaped).text, "run 4");
  EXPECT_EQ(counted()["log empty"], 1);
}

TEST_F(TemplateFailuresTest, WhatSlackDoesNotTakeIsCounted) {
  test::ScriptedHttp http;
  http.answer("/hook", 400, "invalid_payload");
  http.answer("/hook", 200, "ok");
  SlackChannel channel(SecretSource::literal(Secret("https://slack.example/hook")), http,
                       failures.counted(of_text("{{text}}!"), "slack"));
  ASSERT_TRUE(channel.send(message));
  EXPECT_EQ(counted()["slack refused"], 1);
  EXPECT_EQ(counted()["slack empty"], 0);
}

}  // namespace
}  // namespace backstay
