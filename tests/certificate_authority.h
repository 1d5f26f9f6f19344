#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace backstay::test {

struct CertificateAndKey {
  std::string certificate;  // PEM, both
  std::string key;
};

// Signs certificates for tests. Each authority has a key of its own, so that what one signed is
// nothing to another.
class CertificateAuthority {
 public:
  CertificateAuthority() : key_(new_key()), certificate_(made("a test's authority", key_.get())) {
    add(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(certificate_.get());
  }

  [[nodiscard]] std::string certificate() const { return pem(certificate_.get()); }
  // `sans` as OpenSSL has them: "DNS:localhost,IP:127.0.0.1".
  [[nodiscard]] CertificateAndKey issue(const std::string& name, const std::string& sans,
                                        long seconds = 3600) const {
    const Key key = new_key();
    const Certificate certificate = made(name, key.get(), seconds);
    if (!sans.empty()) add(certificate.get(), NID_subject_alt_name, sans);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    sign(certificate.get());
    return {pem(certificate.get()), pem_of_key(key.get())};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }
  static Certificate made(const std::string& name, EVP_PKEY* key, long seconds = 3600) {
    static long serial = 0;
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    return certificate;
  }
  static void add(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    if (extension == nullptr) throw std::runtime_error("no extension: " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void sign(X509* certificate) const { X509_sign(certificate, key_.get(), EVP_sha256()); }
  static std::string text_of(BIO* out) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string copy(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return copy;
  }
  static std::string pem(X509* certificate) {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate);
    return text_of(out);
  }
  static std::string pem_of_key(EVP_PKEY* key) {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(out);
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace backstay::test
