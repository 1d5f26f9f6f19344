#include "receiver/channels/log_channel.h"

#include "base/log.h"

namespace backstay {

Result<void> LogChannel::send(const Message& message) {
  const bool is_loud = message.severity == "error" || message.severity == "critical";
  const auto write = is_loud ? log::error : message.severity == "warning" ? log::warn : log::info;
  const Message worded = wording_.apply(message, unescaped);
  write(worded.title, {{"severity", worded.severity}, {"text", worded.text}});
  return {};
}

}  // namespace backstay
