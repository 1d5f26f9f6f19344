#pragma once

#include <string>
#include <vector>

#include "base/config_file.h"

namespace backstay {

// What is asked of a client: a certificate not at all, one that need not prove anything, or one
// that client_ca_file's authorities signed.
enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

// tls_server_config, in the words of every Prometheus exporter. Names of ciphers and groups are
// those of OpenSSL, joined with colons; empty: the library's own choice. Plain data.
// https://prometheus.io/docs/prometheus/latest/configuration/https/
struct TlsServerConfig {
  std::string cert_file;  // the server's own, and the chain above it
  std::string key_file;
  ClientAuth client_auth = ClientAuth::none;
  std::string client_ca_file;  // where client certificates are verified
  std::vector<std::string> client_allowed_sans;
  bool takes_tls12 = true;
  bool takes_tls13 = true;
  std::string ciphers;       // of TLS 1.2
  std::string ciphersuites;  // of TLS 1.3
  std::string groups;
  bool prefers_its_own_ciphers = true;

  [[nodiscard]] bool verifies_clients() const {
    return client_auth == ClientAuth::verify_if_given ||
           client_auth == ClientAuth::require_and_verify;
  }
  [[nodiscard]] bool requires_clients() const {
    return client_auth == ClientAuth::require_any || client_auth == ClientAuth::require_and_verify;
  }
};

// Reads the section strictly. What the format has and we cannot do is a fault that names it.
TlsServerConfig read_tls_server_config(ConfigNode tls);

}  // namespace backstay
