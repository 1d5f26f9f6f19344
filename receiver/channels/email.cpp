#include "receiver/channels/email.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace backstay {
namespace {

using std::chrono::milliseconds;

// Messages that some mailboxes have not got. One that is forgotten comes twice to the others.
constexpr std::size_t kUntoldMax = 1000;
// Mail servers make a client wait for the greeting, on purpose; 5 s is usual, and then comes TLS.
constexpr milliseconds kMailboxTimeMin{7000};
constexpr const char* kNoTime = "no time was left for it";

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

EmailChannel::Mailboxes& EmailChannel::untold(const std::string& key) {
  const auto [found, is_new] = untold_.try_emplace(key);
  if (is_new) {
    found->second.resize(config_.envelope.to.size());
    std::iota(found->second.begin(), found->second.end(), std::size_t{0});
  }
  return found->second;
}

// The first of an attempt has its time, whatever the others need. So each has it once in as many
// attempts as there are mailboxes, however many of them hang.
std::string EmailChannel::tell(SmtpRequest request, Mailboxes& mailboxes) {
  const SteadyTime end = clock_.steady() + config_.timeout;
  auto left = static_cast<std::int64_t>(mailboxes.size());
  Mailboxes cut_short;
  Mailboxes had_time;
  std::string problem;
  for (const std::size_t& mailbox : mailboxes) {
    const auto rest = std::chrono::duration_cast<milliseconds>(end - clock_.steady());
    // One that hangs costs its own time. What it leaves over is for those behind it.
    const milliseconds due = std::max(rest / left--, kMailboxTimeMin);
    request.to = config_.envelope.to[mailbox];
    request.deadline = std::min(rest, due);
    const Result<void> sent = rest > milliseconds::zero() ? smtp_.send(request) : fail(kNoTime);
    if (sent) continue;
    const bool is_first = &mailbox == &mailboxes.front();
    (is_first || rest >= due ? had_time : cut_short).push_back(mailbox);
    if (!problem.empty()) continue;
    problem = "mailbox " + std::to_string(mailbox + 1) + ": " + sent.error().message;
  }
  mailboxes = std::move(cut_short);
  mailboxes.insert(mailboxes.end(), had_time.begin(), had_time.end());
  return problem;
}

// Of one that nobody has only the order is lost.
void EmailChannel::forget_one() {
  const auto told_nobody = std::find_if(
      untold_.begin(), untold_.end(),
      [this](const auto& message) { return message.second.size() == config_.envelope.to.size(); });
  untold_.erase(told_nobody != untold_.end() ? told_nobody : untold_.begin());
}

Result<void> EmailChannel::send(const Message& message) {
  auto request = request_for(message);
  if (!request) return fail(request.error());
  Mailboxes& mailboxes = untold(message.idempotency_key);
  const std::string problem = tell(std::move(*request), mailboxes);
  if (mailboxes.empty()) untold_.erase(message.idempotency_key);
  if (untold_.size() > kUntoldMax) forget_one();
  if (!problem.empty()) return fail(problem);
  return {};
}

}  // namespace backstay
