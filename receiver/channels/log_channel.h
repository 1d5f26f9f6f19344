#pragma once

#include "receiver/channels/channel.h"
#include "receiver/channels/message_template.h"

namespace backstay {

// Tells it to the daemon's own log.
class LogChannel final : public Channel {
 public:
  explicit LogChannel(Wording wording = {}) : wording_(std::move(wording)) {}
  [[nodiscard]] std::string name() const override { return "log"; }
  Result<void> send(const Message& message) override;

 private:
  Wording wording_;
};

}  // namespace backstay
