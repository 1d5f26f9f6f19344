#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "tests/certificate_authority.h"
#include "tests/client_socket.h"

namespace backstay::test {

// The other end of a TLS connection. Whatever goes wrong makes it an empty answer.
class TlsClient {
 public:
  // What a client of TLS 1.2 begins with.
  static std::string hello() {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), &SSL_free);
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), out);
    SSL_connect(session.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  // Trusts `authority`, shows `own` if there is one, and may be held to a version.
  TlsClient(const std::string& address, const std::string& authority,
            const CertificateAndKey& own = {}, int version = 0)
      : descriptor_(connect_to(address)),
        context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        session_(nullptr, &SSL_free) {
    const Bio trusted(authority);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.certificate.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (version != 0) SSL_CTX_set_min_proto_version(context_.get(), version);
    if (version != 0) SSL_CTX_set_max_proto_version(context_.get(), version);
    if (!own.certificate.empty()) show(own);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), descriptor_);
    is_connected_ = SSL_connect(session_.get()) == 1;
  }
  ~TlsClient() { ::close(descriptor_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool is_connected() const { return is_connected_; }
  // The name in the certificate that the server showed.
  [[nodiscard]] std::string server_name() const {
    X509* shown = SSL_get0_peer_certificate(session_.get());
    if (shown == nullptr) return "";
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    return name;
  }
  bool send(const std::string& bytes) {
    return is_connected_ &&
           SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  // One answer whose body is not empty, or what there is of it.
  std::string ask(const std::string& request) {
    if (!send(request)) return "";
    std::string answer;
    char buffer[4096];
    for (;;) {
      const int got = SSL_read(session_.get(), buffer, sizeof buffer);
      if (got <= 0) return answer;
      answer.append(buffer, static_cast<std::size_t>(got));
      const std::size_t head = answer.find("\r\n\r\n");
      const std::size_t length = answer.find("Content-Length: ");
      if (head == std::string::npos || length == std::string::npos) continue;
      if (answer.size() >= head + 4 + std::stoul(answer.substr(length + 16))) return answer;
    }
  }
  // Everything, until the other side closes.
  std::string read_to_end() {
    std::string bytes;
    char buffer[4096];
    for (int got = 0; (got = SSL_read(session_.get(), buffer, sizeof buffer)) > 0;) {
      bytes.append(buffer, static_cast<std::size_t>(got));
    }
    return bytes;
  }
  // Whether the server said, inside TLS, that nothing more comes.
  [[nodiscard]] bool is_told_the_end() const {
    return (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  struct Bio {
    explicit Bio(const std::string& pem)
        : bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free),
          certificate(PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), &X509_free) {}
    std::unique_ptr<BIO, decltype(&BIO_free)> bytes;
    std::unique_ptr<X509, decltype(&X509_free)> certificate;
  };
  void show(const CertificateAndKey& own) {
    const Bio shown(own.certificate);
    SSL_CTX_use_certificate(context_.get(), shown.certificate.get());
    const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
        BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size())), &BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(bytes.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
  }

  int descriptor_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
  bool is_connected_ = false;
};

}  // namespace backstay::test
