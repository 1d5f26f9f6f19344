#pragma once

#include "base/http_client.h"
#include "base/secret.h"
#include "receiver/channels/channel.h"
#include "receiver/channels/message_template.h"

namespace backstay {

// A Slack-compatible incoming webhook: its address is the credential. Where Slack takes a message
// in the user's wording for none, it is sent in ours. https://api.slack.com/messaging/webhooks
class SlackChannel final : public Channel {
 public:
  SlackChannel(SecretSource url, HttpClient& http, Wording wording = {})
      : url_(std::move(url)), http_(http), wording_(std::move(wording)) {}
  [[nodiscard]] std::string name() const override { return "slack"; }
  Result<void> send(const Message& message) override;

 private:
  SecretSource url_;
  HttpClient& http_;
  Wording wording_;
};

// Text in which nothing can be a link, a mention or a command: &, < and > are escaped.
std::string escape_for_slack(const std::string& text);

}  // namespace backstay
