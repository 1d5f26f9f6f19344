#pragma once

#include <string>
#include <vector>

#include "receiver/channels/channel.h"

namespace backstay {

// Who sends a mail, to whom.
struct MailEnvelope {
  std::string service;
  std::string from;  // mail addresses, checked with is_mail_address
  std::vector<std::string> to;
};

// A message as a mail: header and quoted-printable body, lines of 76 characters at most that end in
// CRLF, ASCII alone. No text of the message can become a header. The same message gives the same
// bytes, its Message-ID made of the idempotency key, so that one that is sent twice is one in the
// reader's mailbox. Pure. RFC 5322, RFC 2047 (Subject), RFC 2045 (body), RFC 3834 (Auto-Submitted).
std::string mail_text(const Message& message, const MailEnvelope& envelope);

}  // namespace backstay
