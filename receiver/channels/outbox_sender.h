#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/complaints.h"
#include "receiver/channels/channel.h"
#include "receiver/journal/database.h"
#include "receiver/journal/outbox.h"

namespace backstay {

// Sends what the journal's outbox holds: each message to its channel, again after 1 s, 2 s, 4 s …
// up to 5 min until it is taken, given up 24 hours and 20 attempts after the first. A message may
// arrive twice (a crash between sending and recording), never not at all. While the journal cannot
// be written, nothing more is sent. Each channel has a thread of its own, so that one that is slow
// holds no other up; within a channel one message follows the other.
class OutboxSender {
 public:
  // A message's idempotency key is made of its id, its time and the service's name: the same at
  // each attempt and after a restart, and no other's.
  OutboxSender(std::vector<std::unique_ptr<Channel>> channels, const std::string& service,
               journal::Database& journal, Clock& clock);

  // Starts the threads, and ends with them.
  void run(const std::stop_token& stop);
  // For each channel: sends one message that is due and writes down what became of it. False where
  // there is none for any, or where that cannot be written yet. Not beside run().
  bool send_one();

 private:
  struct Handed {
    journal::OutboxRow row;
    Result<void> sent;
    WallTime at;
  };
  // One channel and what is on its way to it. One more, without a channel, has the messages of
  // channels that are configured no more.
  struct Lane {
    std::unique_ptr<Channel> channel;
    std::optional<Handed> unrecorded;
  };
  void run_lane(Lane& lane, const std::stop_token& stop);
  bool send_one(Lane& lane);
  void hand_over_next(Lane& lane);
  bool record(Lane& lane);

  std::vector<Lane> lanes_;
  std::vector<std::string> names_;  // of the channels
  std::string service_;             // as in a key
  journal::Database& journal_;
  Clock& clock_;
  Complaints complaints_;
};

}  // namespace backstay
