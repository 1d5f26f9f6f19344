#include "exporter/requests/tracked_error.h"

#include <algorithm>

#include "base/redact.h"
#include "base/utf8.h"
#include "exporter/requests/fingerprint.h"

namespace backstay::requests {
namespace {

constexpr std::string_view kCut = "…";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string cut_end(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max - kCut.size();
  while (end > 0 && is_continuation(text[end])) --end;
  text.resize(end);
  text += kCut;
  return text;
}

// Python has the call that failed, and the exception, at the end.
std::string cut_begin(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t begin = text.size() - (bytes_max - kCut.size());
  while (begin < text.size() && is_continuation(text[begin])) ++begin;
  return std::string(kCut).append(text.substr(begin));
}

}  // namespace

std::string shown(std::string_view text, std::size_t bytes_max) {
  return cut_end(valid_utf8(redact(text, bytes_max + 1)), bytes_max);
}

RedactedMessage::RedactedMessage(const formats::LogMessage& logged)
    : original(logged),
      message(redact(logged.message, std::string_view::npos)),
      stack(redact(logged.stack, std::string_view::npos)) {}

std::string title_of(const RedactedMessage& message) {
  return cut_end(valid_utf8(title_of(message.message, message.stack)), kErrorTitleBytesMax);
}

ErrorSample sample_of(const formats::AccessEvent& event, std::string_view method,
                      std::string_view route, std::int64_t now_ms) {
  ErrorSample sample;
  sample.taken_ms = now_ms;
  sample.method = shown(method, kErrorNameBytesMax);
  sample.route = shown(route, kErrorNameBytesMax);
  sample.status = event.status;
  sample.duration_seconds = event.duration_seconds;
  sample.request_id = shown(event.request_id, kErrorNameBytesMax);
  return sample;
}

ErrorSample sample_of(const RedactedMessage& message, std::int64_t now_ms) {
  ErrorSample sample;
  sample.taken_ms = now_ms;
  sample.level = shown(message.original.level, kErrorNameBytesMax);
  sample.message = cut_end(valid_utf8(message.message), kErrorMessageBytesMax);
  const std::string stack = valid_utf8(message.stack);
  sample.stack = stack.find("Traceback (most recent call last)") != std::string::npos
                     ? cut_begin(stack, kErrorStackBytesMax)
                     : cut_end(stack, kErrorStackBytesMax);
  sample.request_id = shown(message.original.request_id, kErrorNameBytesMax);
  return sample;
}

}  // namespace backstay::requests
