#include "receiver/channels/outbox_sender.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "base/timestamp.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kIdle{250};
constexpr std::chrono::milliseconds kFirstRetry{1000};
// Both: the time since the first attempt may be one in which nobody tried (the receiver was down,
// the clock jumped). So many attempts take an hour.
constexpr std::chrono::hours kGiveUpAfter{24};
constexpr int kAttemptsMin = 20;
constexpr std::size_t kServiceBytesMax = 64;  // in an idempotency key

std::chrono::milliseconds retry_after(int attempts) {
  return std::min<std::chrono::milliseconds>(journal::kLongestRetry,
                                             kFirstRetry * (1LL << std::min(attempts, 16)));
}

// Whether the attempt that has just failed was the last.
bool was_tried_enough(const journal::OutboxRow& row, WallTime now) {
  return row.attempts + 1 >= kAttemptsMin && row.first_tried_at &&
         now - *row.first_tried_at > kGiveUpAfter;
}

// For a header and the left part of a Message-ID: letters, digits and hyphens.
std::string as_word(std::string text) {
  text.resize(std::min(text.size(), kServiceBytesMax));
  for (char& c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_plain) c = '-';
  }
  return text;
}

// The id is new only within one journal: two services may send to one place, and a journal may be
// begun anew, or be an older one that was put back.
std::string idempotency_key(const journal::OutboxRow& row, const std::string& service) {
  return "backstay-" + std::to_string(row.id) + "." + std::to_string(to_unix_ms(row.created_at)) +
         "." + service;
}

Message message_of(const journal::OutboxRow& row, const std::string& service) {
  Message message;
  message.idempotency_key = idempotency_key(row, service);
  message.created_at = row.created_at;
  message.severity = row.severity;
  message.title = row.title;
  message.text = row.text;
  if (row.folded > 1) {
    message.times = row.folded;
    const std::string times = std::to_string(row.folded) + " times";
    message.title += ", " + times + " more";
    message.text = times + " since " + format_rfc3339(row.created_at) + ". The last: " + row.text;
  }
  if (row.run_id) message.fields.emplace_back("run", std::to_string(*row.run_id));
  return message;
}

Result<void> send_to(Channel* channel, const journal::OutboxRow& row, const std::string& service) {
  if (channel == nullptr) return fail("no channel " + row.channel + " is configured any more");
  return channel->send(message_of(row, service));
}

}  // namespace

OutboxSender::OutboxSender(std::vector<std::unique_ptr<Channel>> channels,
                           const std::string& service, journal::Database& journal, Clock& clock)
    : service_(as_word(service)), journal_(journal), clock_(clock) {
  for (auto& channel : channels) {
    names_.push_back(channel->name());
    lanes_.push_back({std::move(channel), std::nullopt});
  }
  lanes_.push_back({nullptr, std::nullopt});
}

void OutboxSender::run(const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (Lane& lane : lanes_) {
    threads.emplace_back([this, &lane, stop]() { run_lane(lane, stop); });
  }
}

// An exception must not end the thread: what was not sent is still in the journal.
void OutboxSender::run_lane(Lane& lane, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (send_one(lane)) continue;
    } catch (const std::exception& error) {
      log::error("sending messages met an exception", {{"error", error.what()}});
    }
    clock_.sleep(kIdle, stop);
  }
}

bool OutboxSender::send_one() {
  bool is_any = false;
  for (Lane& lane : lanes_) is_any = send_one(lane) || is_any;
  return is_any;
}

bool OutboxSender::send_one(Lane& lane) {
  if (!lane.unrecorded) hand_over_next(lane);
  return lane.unrecorded && record(lane);
}

void OutboxSender::hand_over_next(Lane& lane) {
  std::optional<journal::OutboxRow> row;
  const auto read = journal_.read([&](journal::Transaction& tx) {
    row = lane.channel ? next_message(tx, lane.channel->name(), clock_.now())
                       : next_stranded(tx, names_, clock_.now());
  });
  if (!read || !row) return;
  auto sent = send_to(lane.channel.get(), *row, service_);
  if (!sent) {
    log::warn("a message could not be sent",
              {{"channel", row->channel}, {"error", sent.error().message}});
  }
  lane.unrecorded = Handed{std::move(*row), std::move(sent), clock_.now()};
}

// A message that was sent is not sent again because the disk is full.
bool OutboxSender::record(Lane& lane) {
  const Handed& handed = *lane.unrecorded;
  const journal::OutboxRow& row = handed.row;
  const auto written = journal_.write([&](journal::Transaction& tx) {
    if (handed.sent) {
      mark_sent(tx, row.id, handed.at);
    } else if (was_tried_enough(row, handed.at)) {
      mark_given_up(tx, row.id, handed.at, handed.sent.error().message);
    } else {
      mark_failed(tx, row.id, handed.at, handed.at + retry_after(row.attempts),
                  handed.sent.error().message);
    }
  });
  if (!written) {
    if (complaints_.is_due(written.error().message, clock_.steady())) {
      log::error("cannot write the journal; trying again", {{"error", written.error().message}});
    }
    return false;
  }
  complaints_.over();
  lane.unrecorded.reset();
  return true;
}

}  // namespace backstay
