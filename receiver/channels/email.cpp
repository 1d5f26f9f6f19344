#include "receiver/channels/email.h"

#include <cstdint>

namespace backstay {
namespace {

// Messages that only some mailboxes took. One that is forgotten comes twice there.
constexpr std::size_t kHalfSentMax = 1000;

}  // namespace

Result<SmtpRequest> EmailChannel::request_for(const Message& message) const {
  SmtpRequest request;
  request.host = config_.host;
  request.port = config_.port;
  request.tls = config_.tls;
  request.ca_file = config_.ca_file;
  request.user = config_.user;
  if (config_.password) {
    auto password = config_.password->read();
    if (!password) return fail(password.error());
    request.password = std::move(*password);
  }
  request.from = config_.envelope.from;
  request.text = mail_text(wording_.apply(message, unescaped), config_.envelope);
  return request;
}

Result<void> EmailChannel::send(const Message& message) {
  auto request = request_for(message);
  if (!request) return fail(request.error());
  const SteadyTime end = clock_.steady() + config_.timeout;
  std::set<std::string>& taken = taken_[message.idempotency_key];
  std::string problem;
  int number = 0;
  auto left = static_cast<std::int64_t>(config_.envelope.to.size() - taken.size());
  for (const std::string& mailbox : config_.envelope.to) {
    ++number;
    if (taken.count(mailbox) > 0) continue;
    request->to = mailbox;
    // One that hangs costs its own share. What it leaves over is for those behind it.
    request->deadline =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - clock_.steady()) / left--;
    const auto sent = smtp_.send(*request);
    if (sent) {
      taken.insert(mailbox);
    } else if (problem.empty()) {
      problem = "mailbox " + std::to_string(number) + ": " + sent.error().message;
    }
  }
  if (problem.empty() || taken.empty()) taken_.erase(message.idempotency_key);
  if (taken_.size() > kHalfSentMax) taken_.erase(taken_.begin());
  if (!problem.empty()) return fail(problem);
  return {};
}

}  // namespace backstay
