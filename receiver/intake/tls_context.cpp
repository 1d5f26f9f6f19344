#include "receiver/intake/tls_context.h"

#include <ctime>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace backstay::intake {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr const char* kHttp1 = "\x08http/1.1";  // a length and a name, as ALPN has them

// Why the last call failed, in OpenSSL's words; never what it was given.
std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "cannot be used" : text;
}

Bio reader(const Secret& text) {
  return Bio(BIO_new_mem_buf(text.reveal().data(), static_cast<int>(text.reveal().size())),
             &BIO_free);
}

// Without this the library would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate next_certificate(const Bio& from) {
  return Certificate(PEM_read_bio_X509(from.get(), nullptr, &no_passphrase, nullptr), &X509_free);
}

WallTime expiry_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

// The server's own, then the chain. Returns until when the first is valid.
Result<WallTime> use_certificates(SSL_CTX* context, const Secret& text) {
  const Bio from = reader(text);
  const Certificate own = next_certificate(from);
  if (!own) return fail("no certificate in PEM: " + reason());
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return fail(reason());
  while (const Certificate above = next_certificate(from)) {
    if (SSL_CTX_add1_chain_cert(context, above.get()) != 1) return fail(reason());
  }
  ERR_clear_error();  // of the end of the file
  return expiry_of(own.get());
}

Result<void> use_key(SSL_CTX* context, const Secret& text) {
  const Bio from = reader(text);
  const Key key(PEM_read_bio_PrivateKey(from.get(), nullptr, &no_passphrase, nullptr),
                &EVP_PKEY_free);
  if (!key) return fail("no private key in PEM, or one with a passphrase: " + reason());
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) != 1) {
    ERR_clear_error();
    return fail("does not belong to the certificate");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return fail(reason());
  return {};
}

Result<void> use_authorities(SSL_CTX* context, const Secret& text) {
  const Bio from = reader(text);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  // As in Go's: whatever stands in the file is trusted, an authority below another as well.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  int count = 0;
  while (const Certificate authority = next_certificate(from)) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return fail(reason());
    }
    ++count;
  }
  if (count == 0) return fail("no certificate in PEM: " + reason());
  ERR_clear_error();
  return {};
}

// For a certificate that is asked for but need not prove anything.
int take_any(int, X509_STORE_CTX*) { return 1; }

void ask_clients(SSL_CTX* context, const TlsServerConfig& config) {
  if (config.client_auth == ClientAuth::none) return;
  const int required = config.requires_clients() ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | required,
                     config.verifies_clients() ? nullptr : &take_any);
}

int choose_http1(SSL*, const unsigned char** chosen, unsigned char* length,
                 const unsigned char* offered, unsigned offered_length, void*) {
  unsigned char* found = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kHttp1);
  if (SSL_select_next_proto(&found, length, ours, 9, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> set_up(SSL_CTX* context, const TlsServerConfig& config) {
  SSL_CTX_set_min_proto_version(context, config.takes_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, config.takes_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  if (config.prefers_its_own_ciphers) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS |
                                SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, &choose_http1, nullptr);
  const bool is_set =
      (config.ciphers.empty() || SSL_CTX_set_cipher_list(context, config.ciphers.c_str()) == 1) &&
      (config.ciphersuites.empty() ||
       SSL_CTX_set_ciphersuites(context, config.ciphersuites.c_str()) == 1) &&
      (config.groups.empty() || SSL_CTX_set1_groups_list(context, config.groups.c_str()) == 1);
  if (!is_set) return fail("tls_server_config: " + reason());
  ask_clients(context, config);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsServerConfig& config,
                                                           const TlsMaterial& material) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext());
  made->context_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX* context = made->context_.get();
  if (context == nullptr) return fail("TLS: " + reason());
  if (auto set = set_up(context, config); !set) return fail(set.error());
  const auto expires_at = use_certificates(context, material.certificates);
  if (!expires_at) return fail(config.cert_file + ": " + expires_at.error().message);
  made->expires_at_ = *expires_at;
  if (auto used = use_key(context, material.key); !used) {
    return fail(config.key_file + ": " + used.error().message);
  }
  if (config.verifies_clients()) {
    if (auto used = use_authorities(context, material.client_authorities); !used) {
      return fail(config.client_ca_file + ": " + used.error().message);
    }
  }
  made->allowed_sans_ = config.client_allowed_sans;
  return std::shared_ptr<const TlsContext>(std::move(made));
}

}  // namespace backstay::intake
