#pragma once

#include "receiver/channels/channel.h"

namespace backstay {

// Tells it to the daemon's own log.
class LogChannel final : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "log"; }
  Result<void> send(const Message& message) override;
};

}  // namespace backstay
