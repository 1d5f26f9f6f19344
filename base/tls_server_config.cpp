#include "base/tls_server_config.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace backstay {
namespace {

struct Name {
  const char* theirs;
  const char* ours;
};

// Those that Go counts as safe; OpenSSL has its own names for the ones of TLS 1.2.
constexpr std::array<Name, 6> kCiphers{{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
}};
constexpr std::array<Name, 3> kCiphersOfTls13{{
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
}};
constexpr std::array<Name, 4> kGroups{{
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
}};

template <std::size_t N>
bool add(const std::array<Name, N>& known, const std::string& theirs, std::string& ours) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Name& name) { return theirs == name.theirs; });
  if (found == known.end()) return false;
  ours += (ours.empty() ? "" : ":") + std::string(found->ours);
  return true;
}

void read_ciphers(ConfigNode& tls, TlsServerConfig& config) {
  for (const std::string& name : tls.texts("cipher_suites")) {
    if (!add(kCiphers, name, config.ciphers) && !add(kCiphersOfTls13, name, config.ciphersuites)) {
      tls.fault("cipher_suites", "\"" + name + "\" is not supported");
    }
  }
  for (const std::string& name : tls.texts("curve_preferences")) {
    if (!add(kGroups, name, config.groups)) {
      tls.fault("curve_preferences", "\"" + name + "\" is not supported");
    }
  }
  config.prefers_its_own_ciphers = tls.flag_or("prefer_server_cipher_suites", true);
}

void read_versions(ConfigNode& tls, TlsServerConfig& config) {
  const std::string least = tls.choice_or("min_version", {"TLS12", "TLS13"}, "TLS12");
  const std::string most = tls.choice_or("max_version", {"TLS12", "TLS13"}, "TLS13");
  config.takes_tls12 = least == "TLS12";
  config.takes_tls13 = most == "TLS13";
  if (!config.takes_tls12 && !config.takes_tls13) {
    tls.fault("max_version", "is below min_version");
  }
}

void read_clients(ConfigNode& tls, TlsServerConfig& config) {
  const std::string type =
      tls.choice_or("client_auth_type",
                    {"NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                     "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"},
                    "NoClientCert");
  if (type == "RequestClientCert") config.client_auth = ClientAuth::request;
  if (type == "RequireAnyClientCert") config.client_auth = ClientAuth::require_any;
  if (type == "VerifyClientCertIfGiven") config.client_auth = ClientAuth::verify_if_given;
  if (type == "RequireAndVerifyClientCert") config.client_auth = ClientAuth::require_and_verify;
  config.client_ca_file = tls.maybe_path("client_ca_file").value_or("");
  config.client_allowed_sans = tls.texts("client_allowed_sans");
  if (config.verifies_clients() && config.client_ca_file.empty()) {
    // Go would then take whatever any authority of the system has signed.
    tls.fault("client_auth_type", "needs client_ca_file: who may have signed the certificates");
  }
  if (!config.verifies_clients() && !config.client_ca_file.empty()) {
    tls.fault("client_ca_file", "but client_auth_type verifies no certificate");
  }
  if (!tls.has("client_allowed_sans")) return;
  if (!config.verifies_clients()) {
    tls.fault("client_allowed_sans", "but client_auth_type verifies no certificate");
  } else if (config.client_allowed_sans.empty()) {
    tls.fault("client_allowed_sans", "names nobody: leave it out, or fill it");
  }
}

}  // namespace

TlsServerConfig read_tls_server_config(ConfigNode tls) {
  TlsServerConfig config;
  config.cert_file = tls.maybe_path("cert_file").value_or("");
  config.key_file = tls.maybe_path("key_file").value_or("");
  const auto refuse_text = [&tls](const char* key, const char* instead) {
    if (tls.has(key)) tls.fault(key, std::string("is not supported here: give ") + instead);
  };
  refuse_text("cert", "cert_file");
  refuse_text("key", "key_file");
  refuse_text("client_ca", "client_ca_file");
  if (config.cert_file.empty() && !tls.has("cert")) tls.fault("", "cert_file is missing");
  if (config.key_file.empty() && !tls.has("key")) tls.fault("", "key_file is missing");
  read_clients(tls, config);
  read_versions(tls, config);
  read_ciphers(tls, config);
  return config;
}

}  // namespace backstay
