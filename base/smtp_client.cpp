#include "base/smtp_client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include <curl/curl.h>

#include "base/duration.h"

namespace backstay {
namespace {

constexpr std::size_t kAddressBytesMax = 254;  // RFC 5321, 4.5.3.1.3, less its angle brackets

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Recipients = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

struct Source {
  std::string_view rest;
};

std::size_t read_text(char* buffer, std::size_t size, std::size_t count, void* user) {
  Source& source = *static_cast<Source*>(user);
  const std::size_t bytes = std::min(size * count, source.rest.size());
  std::memcpy(buffer, source.rest.data(), bytes);
  source.rest.remove_prefix(bytes);
  return bytes;
}

using SteadyClock = std::chrono::steady_clock;

// libcurl says QUIT after its own deadline too, and waits two minutes for the answer; it looks here
// each second meanwhile.
int is_over(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return SteadyClock::now() >= *static_cast<const SteadyClock::time_point*>(user) ? 1 : 0;
}

std::string could_not_connect(CURL* curl) {
  long error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
  if (error == 0 || error == ECONNREFUSED) return "connection refused";
  return std::string("cannot connect: ") + std::strerror(static_cast<int>(error));
}

// Not what the server says beside its code: that may quote what it was sent.
std::string describe(CURL* curl, CURLcode code, const SmtpRequest& request) {
  long reply = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
  const std::string with_code = reply >= 400 ? " (" + std::to_string(reply) + ")" : "";
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
      return "no answer within " + format_duration(request.deadline);
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host's name cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      return could_not_connect(curl);
    case CURLE_USE_SSL_FAILED:
      return with_code.empty() ? "the mail server does not offer STARTTLS"
                               : "the mail server refuses STARTTLS" + with_code;
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the mail server's certificate is not trusted, or not for this host";
    case CURLE_LOGIN_DENIED:
      return "the mail server refuses user or password" + with_code;
    default:
      break;
  }
  if (reply / 100 == 4) return "the mail server refuses for now" + with_code;
  if (reply / 100 == 5) return "the mail server refuses" + with_code;
  return curl_easy_strerror(code);
}

std::string url_of(const SmtpRequest& request) {
  const char* scheme = request.tls == SmtpRequest::Tls::from_the_start ? "smtps://" : "smtp://";
  const bool is_ipv6 = request.host.find(':') != std::string::npos;
  return scheme + (is_ipv6 ? "[" + request.host + "]" : request.host) + ":" +
         std::to_string(request.port);
}

void set_connection(CURL* curl, const SmtpRequest& request) {
  curl_easy_setopt(curl, CURLOPT_URL, url_of(request).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // The deadline holds over the name server too: without this the end waits for its answer.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  const bool is_tls = request.tls != SmtpRequest::Tls::none;
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(is_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.user.empty()) return;
  curl_easy_setopt(curl, CURLOPT_USERNAME, request.user.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, request.password.reveal().c_str());
}

Result<void> check(const SmtpRequest& request) {
  // To libcurl 0 means no limit.
  if (request.deadline.count() <= 0) return fail("no time left for a mail");
  // libcurl writes both into a command as they are.
  if (!is_mail_address(request.from)) return fail("from is no mail address");
  if (!is_mail_address(request.to)) return fail("to is no mail address");
  if (!request.user.empty() && request.tls == SmtpRequest::Tls::none) {
    return fail("no password is sent without TLS");
  }
  return {};
}

}  // namespace

Result<void> CurlSmtpClient::send(const SmtpRequest& request) {
  if (auto checked = check(request); !checked) return checked;
  static std::once_flag initialised;
  std::call_once(initialised, []() { curl_global_init(CURL_GLOBAL_DEFAULT); });
  SteadyClock::time_point end = SteadyClock::now() + request.deadline;
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  const Recipients to(curl_slist_append(nullptr, request.to.c_str()), &curl_slist_free_all);
  if (!curl || !to) return fail("out of memory");
  set_connection(curl.get(), request);
  Source source{request.text};
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, request.from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, read_text);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &source);
  curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE,
                   static_cast<curl_off_t>(request.text.size()));
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, is_over);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &end);
  // Or the QUIT would come later, from a handle that knows no deadline.
  curl_easy_setopt(curl.get(), CURLOPT_FORBID_REUSE, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return fail(describe(curl.get(), code, request));
  return {};
}

bool is_mail_address(std::string_view text) {
  constexpr std::string_view kLocal =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~";
  constexpr std::string_view kDomain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.size() > kAddressBytesMax) return false;
  const std::string_view domain = text.substr(at + 1);
  return !domain.empty() && domain.front() != '-' && domain.front() != '.' &&
         text.substr(0, at).find_first_not_of(kLocal) == std::string_view::npos &&
         domain.find_first_not_of(kDomain) == std::string_view::npos;
}

}  // namespace backstay
