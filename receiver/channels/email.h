#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/smtp_client.h"
#include "receiver/channels/channel.h"
#include "receiver/channels/mail_text.h"
#include "receiver/channels/message_template.h"

namespace backstay {

struct EmailConfig {
  std::string host;
  int port = 587;
  SmtpRequest::Tls tls = SmtpRequest::Tls::starttls;
  std::string ca_file;  // empty: the system's
  std::string user;     // empty: without AUTH, and then there is no password
  std::optional<SecretSource> password;
  MailEnvelope envelope;
  std::chrono::milliseconds timeout{15'000};  // for all mailboxes together
};

// Mail through one SMTP server, to each mailbox by itself: one that is refused or hangs keeps no
// other from being told, and is tried again alone. Each has an equal share of the time that is
// left, and 7 s at least while that lasts: those that it does not last for are first in the next
// attempt. Which have it is known until the process ends; after that a message may come twice, with
// the same Message-ID. One thread.
class EmailChannel final : public Channel {
 public:
  EmailChannel(EmailConfig config, SmtpClient& smtp, Clock& clock, Wording wording = {})
      : config_(std::move(config)), smtp_(smtp), clock_(clock), wording_(std::move(wording)) {}
  [[nodiscard]] std::string name() const override { return "email"; }
  Result<void> send(const Message& message) override;

 private:
  // Mailboxes by their place in the envelope; the one that has waited longest for its time first.
  using Mailboxes = std::vector<std::size_t>;

  Result<SmtpRequest> request_for(const Message& message) const;
  Mailboxes& untold(const std::string& key);
  // Takes those that have the mail out of the mailboxes. Returns what was wrong first, or "".
  std::string tell(SmtpRequest request, Mailboxes& mailboxes);
  void forget_one();

  EmailConfig config_;
  SmtpClient& smtp_;
  Clock& clock_;
  Wording wording_;
  std::map<std::string, Mailboxes> untold_;  // by key, of messages that go on trying
};

}  // namespace backstay
