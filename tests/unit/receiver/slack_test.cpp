#include "receiver/channels/slack.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/scripted_http.h"

namespace backstay {
namespace {

constexpr const char* kUrl = "https://hooks.slack.example/services/T000/B000/hunter2";
constexpr const char* kPath = "/services/T000/B000/hunter2";

struct SlackTest : ::testing::Test {
  SlackTest() {
    message.idempotency_key = "backstay-7";
    message.severity = "critical";
    message.title = "shop: rollback failed";
    message.text = "a person is needed";
    message.fields = {{"run", "4"}};
  }
  Result<void> send() {
    return SlackChannel(SecretSource::literal(Secret(kUrl)), http).send(message);
  }
  std::string error() {
    const auto sent = send();
    return sent ? "none" : sent.error().message;
  }
  test::ScriptedHttp http;
  Message message;
};

TEST_F(SlackTest, PostsTheMessageAsSlackWantsIt) {
  http.answer(kPath, 200, "ok");
  ASSERT_TRUE(send());
  ASSERT_EQ(http.requests.size(), 1u);
  const HttpRequest& request = http.requests.front();
  EXPECT_EQ(request.method, "POST");
  const auto body = nlohmann::json::parse(request.body);
  EXPECT_EQ(body.at("text"), "shop: rollback failed");
  const auto& attachment = body.at("attachments").at(0);
  EXPECT_EQ(attachment.at("text"), "a person is needed");
  EXPECT_EQ(attachment.at("color"), "#a30200");
  EXPECT_EQ(attachment.at("fields").at(0).at("title"), "run");
  EXPECT_EQ(attachment.at("fields").at(0).at("value"), "4");
}

TEST_F(SlackTest, TheAddressIsASecretAndTheKeyGoesAlong) {
  http.answer(kPath, 200, "ok");
  ASSERT_TRUE(send());
  const HttpRequest& request = http.requests.front();
  EXPECT_TRUE(request.url.empty());
  EXPECT_TRUE(request.secret_url.equals(kUrl));
  const auto header = std::find_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& one) { return one.first == "Idempotency-Key"; });
  ASSERT_NE(header, request.headers.end());
  EXPECT_EQ(header->second, "backstay-7");
}

TEST_F(SlackTest, EachSeverityHasItsColour) {
  http.answer(kPath, 200, "ok");
  std::set<std::string> colours;
  for (const char* severity : {"info", "warning", "error", "critical"}) {
    message.severity = severity;
    ASSERT_TRUE(send());
    colours.insert(nlohmann::json::parse(http.requests.back().body)["attachments"][0]["color"]
                       .get<std::string>());
  }
  EXPECT_EQ(colours.size(), 4u);
}

TEST_F(SlackTest, NothingInATextCanBeALinkAMentionOrACommand) {
  EXPECT_EQ(escape_for_slack("<!channel> & <@U1> <https://x|y>"),
            "&lt;!channel&gt; &amp; &lt;@U1&gt; &lt;https://x|y&gt;");
  http.answer(kPath, 200, "ok");
  message.title = "<!channel>";
  message.text = "<@U1>";
  message.fields = {{"<a>", "<b>"}};
  ASSERT_TRUE(send());
  EXPECT_EQ(http.requests.back().body.find_first_of("<>"), std::string::npos);
}

TEST_F(SlackTest, BytesThatAreNotUtf8AreSentAllTheSame) {
  http.answer(kPath, 200, "ok");
  message.text = "\xff\xfe";
  EXPECT_TRUE(send());
}

TEST_F(SlackTest, AnythingButA2xxHasNotArrived) {
  http.answer(kPath, 404, "no_service");
  EXPECT_EQ(error(), "Slack answers 404 no_service");
  test::ScriptedHttp busy;
  busy.answer(kPath, 429, "");
  const auto sent = SlackChannel(SecretSource::literal(Secret(kUrl)), busy).send(message);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().message, "Slack answers 429");
}

TEST_F(SlackTest, NoErrorHoldsTheAddress) {
  EXPECT_EQ(error(), "connection refused");
  // As Apache and others do it.
  http.answer(kPath, 404, "The requested URL " + std::string(kPath) + " was not found");
  EXPECT_EQ(error(), "Slack answers 404");
  http.answer(kPath, 403, std::string("hunter2"));
  EXPECT_EQ(error().find("hunter2"), std::string::npos);
}

TEST_F(SlackTest, AnAddressThatCannotBeReadIsAnError) {
  SlackChannel channel(SecretSource::file("/nowhere/slack_url"), http);
  const auto sent = channel.send(message);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().message, "/nowhere/slack_url: No such file or directory");
  EXPECT_EQ(channel.name(), "slack");
}

Wording own_wording() {
  return {"shop", *MessageTemplate::parse("{{title}}", "t"),
          *MessageTemplate::parse("<!here> {{text}}", "t")};
}

TEST_F(SlackTest, ATemplateMaySayWhatSlackUnderstandsAndAValueMayNot) {
  http.answer(kPath, 200, "ok");
  message.text = "<!channel> \"quoted\"\n\x01";
  ASSERT_TRUE(SlackChannel(SecretSource::literal(Secret(kUrl)), http, own_wording()).send(message));
  const auto attachment = nlohmann::json::parse(http.requests.at(0).body).at("attachments").at(0);
  EXPECT_EQ(attachment.at("text"), "<!here> &lt;!channel&gt; \"quoted\"\n\x01");
  EXPECT_TRUE(attachment.at("fields").empty()) << "the template says all";
}

TEST_F(SlackTest, WhatSlackDoesNotTakeInOurUsersWordsItGetsInOurs) {
  http.answer(kPath, 400, "invalid_payload");
  http.answer(kPath, 200, "ok");
  SlackChannel channel(SecretSource::literal(Secret(kUrl)), http, own_wording());
  ASSERT_TRUE(channel.send(message));
  ASSERT_EQ(http.requests.size(), 2U);
  const auto body = nlohmann::json::parse(http.requests.at(1).body);
  EXPECT_EQ(body.at("attachments").at(0).at("text"), "a person is needed");
}

TEST_F(SlackTest, WithoutATemplateWhatSlackDoesNotTakeIsAFailure) {
  http.answer(kPath, 400, "invalid_payload");
  EXPECT_EQ(error(), "Slack answers 400 invalid_payload");
  EXPECT_EQ(http.requests.size(), 1U);
}

}  // namespace
}  // namespace backstay
