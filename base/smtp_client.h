#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace backstay {

// One mail to one mailbox: of several, each must be known to have it or not.
struct SmtpRequest {
  enum class Tls {
    starttls,        // refused where the server does not offer it
    from_the_start,  // port 465
    none,
  };
  std::string host;
  int port = 587;
  Tls tls = Tls::starttls;
  std::string ca_file;  // PEM; empty: the system's
  std::string user;     // empty: without AUTH
  Secret password;      // never sent without TLS
  std::string from;
  std::string to;
  std::string text;                           // RFC 5322; every line ends in CRLF
  std::chrono::milliseconds deadline{15000};  // for everything; kept to the second
};

// Errors say what failed and the server's code ("the mail server refuses for now (451)"), never
// user, password or an address. Thread-safe.
class SmtpClient {
 public:
  virtual ~SmtpClient() = default;
  // Success only after the server's 250 that follows the text.
  virtual Result<void> send(const SmtpRequest& request) = 0;
};

// libcurl with a total deadline. RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH).
class CurlSmtpClient final : public SmtpClient {
 public:
  Result<void> send(const SmtpRequest& request) override;
};

// local@domain of printable ASCII without anything that could end a command or a header: no quoted
// local parts, no address literals.
bool is_mail_address(std::string_view text);

}  // namespace backstay
