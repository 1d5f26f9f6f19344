#include "receiver/channels/outbox_sender.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "receiver/journal/outbox.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kIdle{250};
constexpr std::chrono::milliseconds kFirstRetry{1000};
constexpr std::chrono::milliseconds kLongestRetry{300'000};
constexpr std::chrono::hours kGiveUpAfter{24};

std::chrono::milliseconds retry_after(int attempts) {
  return std::min<std::chrono::milliseconds>(kLongestRetry,
                                             kFirstRetry * (1LL << std::min(attempts, 16)));
}

Result<void> send_to(const std::vector<std::unique_ptr<Channel>>& channels,
                     const journal::OutboxRow& row) {
  for (const auto& channel : channels) {
    if (channel->name() != row.channel) continue;
    Message message;
    message.idempotency_key = "backstay-" + std::to_string(row.id);
    message.severity = row.severity;
    message.title = row.title;
    message.text = row.text;
    if (row.run_id) message.fields.emplace_back("run", std::to_string(*row.run_id));
    return channel->send(message);
  }
  return fail("no channel " + row.channel + " is configured any more");
}

}  // namespace

void OutboxSender::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!send_one()) clock_.sleep(kIdle, stop);
  }
}

bool OutboxSender::send_one() {
  std::optional<journal::OutboxRow> row;
  const auto read = journal_.read(
      [&](journal::Transaction& tx) { row = next_message(tx, clock_.now()); });
  if (!read || !row) return false;
  const auto sent = send_to(channels_, *row);
  const WallTime now = clock_.now();
  const auto written = journal_.write([&](journal::Transaction& tx) {
    if (sent) {
      mark_sent(tx, row->id, now);
    } else if (now - row->created_at > kGiveUpAfter) {
      mark_given_up(tx, row->id, now, sent.error().message);
    } else {
      mark_failed(tx, row->id, now + retry_after(row->attempts), sent.error().message);
    }
  });
  if (!sent) {
    log::warn("a message could not be sent",
              {{"channel", row->channel}, {"error", sent.error().message}});
  }
  return written.has_value();
}

}  // namespace backstay
