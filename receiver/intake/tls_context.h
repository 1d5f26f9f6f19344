#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/tls_server_config.h"

struct ssl_ctx_st;

namespace backstay::intake {

// The contents of the files that a TlsServerConfig names.
struct TlsMaterial {
  Secret certificates;  // PEM: the server's own first, then the chain above it
  Secret key;           // PEM, without a passphrase
  Secret client_authorities;
};

// What a TLS server shows and asks for, made once and shared by its connections: OpenSSL's SSL_CTX.
// TLS 1.2 and 1.3, HTTP/1.1 (ALPN), no compression, no renegotiation, and no resumption: what is
// asked of a client is asked of each connection. Immutable; thread-safe.
class TlsContext {
 public:
  // The error names the file.
  static Result<std::shared_ptr<const TlsContext>> make(const TlsServerConfig& config,
                                                        const TlsMaterial& material);

  // For SSL_new, which holds on to it.
  [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }
  // Until when the server's own certificate is valid.
  [[nodiscard]] WallTime expires_at() const { return expires_at_; }
  // Which names a client's certificate must have one of; empty: any.
  [[nodiscard]] const std::vector<std::string>& allowed_sans() const { return allowed_sans_; }

 private:
  TlsContext() = default;
  std::shared_ptr<ssl_ctx_st> context_;
  WallTime expires_at_;
  std::vector<std::string> allowed_sans_;
};

}  // namespace backstay::intake
