#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/channels/channel.h"
#include "receiver/journal/database.h"
#include "receiver/journal/outbox.h"

namespace backstay {

// Sends what the journal's outbox holds: each message to its channel, again after 1 s, 2 s, 4 s …
// up to 5 min until it is taken, given up after 24 hours. A message may arrive twice (a crash
// between sending and recording), never not at all. While the journal cannot be written, nothing
// more is sent. One thread.
class OutboxSender {
 public:
  OutboxSender(std::vector<std::unique_ptr<Channel>> channels, journal::Database& journal,
               Clock& clock)
      : channels_(std::move(channels)), journal_(journal), clock_(clock) {}

  void run(const std::stop_token& stop);
  // Sends one message that is due and writes down what became of it; false where there is none, or
  // where that cannot be written yet.
  bool send_one();

 private:
  struct Handed {
    journal::OutboxRow row;
    Result<void> sent;
    WallTime at;
  };
  void hand_over_next();
  bool record();

  std::vector<std::unique_ptr<Channel>> channels_;
  journal::Database& journal_;
  Clock& clock_;
  std::optional<Handed> unrecorded_;
};

}  // namespace backstay
