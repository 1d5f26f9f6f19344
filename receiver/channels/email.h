#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

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
// left; the fewer are left, the longer it is. Which have it is known until the process ends; after
// that a message may come twice, with the same Message-ID. One thread.
class EmailChannel final : public Channel {
 public:
  EmailChannel(EmailConfig config, SmtpClient& smtp, Clock& clock, Wording wording = {})
      : config_(std::move(config)), smtp_(smtp), clock_(clock), wording_(std::move(wording)) {}
  [[nodiscard]] std::string name() const override { return "email"; }
  Result<void> send(const Message& message) override;

 private:
  Result<SmtpRequest> request_for(const Message& message) const;

  EmailConfig config_;
  SmtpClient& smtp_;
  Clock& clock_;
  Wording wording_;
  std::map<std::string, std::set<std::string>> taken_;  // by key, of messages that go on trying
};

}  // namespace backstay
