#include "receiver/intake/tls_session.h"

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace backstay::intake {
namespace {

std::string text_of(const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  return {bytes, static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "";
  ::inet_ntop(family, ASN1_STRING_get0_data(bytes), out.data(), out.size());
  return out.data();
}

std::string name_of(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return text_of(name->d.dNSName);
    case GEN_EMAIL:
      return text_of(name->d.rfc822Name);
    case GEN_URI:
      return text_of(name->d.uniformResourceIdentifier);
    case GEN_IPADD:
      return address_of(name->d.iPAddress);
    default:
      return "";
  }
}

std::vector<std::string> sans_of(const X509* certificate) {
  std::vector<std::string> sans;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    sans.push_back(name_of(sk_GENERAL_NAME_value(names, i)));
  }
  GENERAL_NAMES_free(names);
  return sans;
}

// Of the library's last error: those before it say what in a certificate was wrong.
TlsFailure failure_of(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return TlsFailure::protocol;
  const int reason = ERR_GET_REASON(code);
  if (reason >= SSL_AD_REASON_OFFSET) return TlsFailure::refused_by_client;  // it sent an alert
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return TlsFailure::no_certificate;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return TlsFailure::certificate;
    case SSL_R_HTTP_REQUEST:
      return TlsFailure::plain_http;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return TlsFailure::disconnected;
    default:
      return TlsFailure::protocol;
  }
}

}  // namespace

std::string_view to_string(TlsFailure failure) {
  switch (failure) {
    case TlsFailure::no_certificate:
      return "no_certificate";
    case TlsFailure::certificate:
      return "certificate";
    case TlsFailure::refused_by_client:
      return "refused_by_client";
    case TlsFailure::plain_http:
      return "plain_http";
    case TlsFailure::protocol:
      return "protocol";
    case TlsFailure::disconnected:
      break;
  }
  return "disconnected";
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int descriptor)
    : context_(std::move(context)), session_(SSL_new(context_->get()), &SSL_free) {
  if (!session_ || SSL_set_fd(session_.get(), descriptor) != 1) {
    throw std::runtime_error("a connection gets no TLS");
  }
  SSL_set_accept_state(session_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::state_of(int result) {
  const int error = SSL_get_error(session_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return State::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return State::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return State::closed;
    default:
      is_broken_ = true;
      note_failure(error);
      return State::failed;
  }
}

void TlsSession::note_failure(int error) {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (error != SSL_ERROR_SSL || code == 0) {
    failure_ = TlsFailure::disconnected;
    return;
  }
  failure_ = failure_of(code);
  const char* text = failure_ == TlsFailure::certificate
                         ? X509_verify_cert_error_string(SSL_get_verify_result(session_.get()))
                         : ERR_reason_error_string(code);
  detail_ = text == nullptr ? "" : text;
}

bool TlsSession::is_allowed() const {
  if (context_->allowed_sans().empty()) return true;
  const X509* certificate = SSL_get0_peer_certificate(session_.get());
  if (certificate == nullptr) return true;  // one was not needed
  const std::vector<std::string> sans = sans_of(certificate);
  return std::any_of(sans.begin(), sans.end(), [&](const std::string& san) {
    const auto& allowed = context_->allowed_sans();
    return !san.empty() && std::find(allowed.begin(), allowed.end(), san) != allowed.end();
  });
}

TlsSession::State TlsSession::shake_hands() {
  if (is_ready_) return State::done;
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result != 1) {
    const State state = state_of(result);
    if (state != State::closed) return state;
    failure_ = TlsFailure::disconnected;  // a goodbye in the middle of it
    return State::failed;
  }
  if (!is_allowed()) {
    failure_ = TlsFailure::certificate;
    detail_ = "none of its names is in client_allowed_sans";
    return State::failed;
  }
  is_ready_ = true;
  return State::done;
}

TlsSession::Moved TlsSession::read(char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(session_.get(), data, size, &bytes);
  if (result == 1) return {State::done, bytes};
  return {state_of(result), 0};
}

TlsSession::Moved TlsSession::write(const char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(session_.get(), data, size, &bytes);
  if (result == 1) return {State::done, bytes};
  return {state_of(result), 0};
}

bool TlsSession::has_pending() const { return SSL_has_pending(session_.get()) == 1; }

void TlsSession::say_goodbye() {
  if (is_broken_ || SSL_in_init(session_.get()) == 1) return;
  SSL_shutdown(session_.get());
  ERR_clear_error();
}

}  // namespace backstay::intake
