#include "base/http_client.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include <curl/curl.h>

#include "base/duration.h"

namespace backstay {
namespace {

struct Sink {
  std::string body;
  std::size_t bytes_max = 0;
  bool is_over = false;
};

std::size_t write_body(char* data, std::size_t size, std::size_t count, void* user) {
  Sink& sink = *static_cast<Sink*>(user);
  const std::size_t bytes = size * count;
  if (sink.body.size() + bytes > sink.bytes_max) {
    sink.is_over = true;
    return 0;  // ends the transfer
  }
  sink.body.append(data, bytes);
  return bytes;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

bool append_header(Headers& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

// Never the URL: it may be a secret, and it may hold one.
std::string describe(CURL* curl, CURLcode code, const HttpRequest& request, const Sink& sink) {
  if (sink.is_over) {
    return "the answer is larger than " + std::to_string(request.response_bytes_max) + " bytes";
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer within " + format_duration(request.deadline);
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host's name cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      break;
    default:
      return curl_easy_strerror(code);
  }
  long error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
  if (error == 0 || error == ECONNREFUSED) return "connection refused";
  return std::string("cannot connect: ") + std::strerror(static_cast<int>(error));
}

void set_options(CURL* curl, const HttpRequest& request, Sink& sink) {
  const std::string& url = request.secret_url.empty() ? request.url : request.secret_url.reveal();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // The deadline holds over the name server too: without this the end waits for its answer.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
  if (!request.unix_socket.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  // A POST without a body still declares its length, or servers wait for one.
  if (!request.body.empty() || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  }
}

}  // namespace

Result<HttpResponse> CurlHttpClient::send(const HttpRequest& request) {
  // To libcurl 0 means no limit.
  if (request.deadline.count() <= 0) return fail("no time left for a request");
  static std::once_flag initialised;
  std::call_once(initialised, []() { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return fail("libcurl cannot start");
  Sink sink;
  sink.bytes_max = request.response_bytes_max;
  set_options(curl.get(), request, sink);
  Headers headers(nullptr, &curl_slist_free_all);
  bool complete = append_header(headers, "Expect:");  // no 100-continue round trip
  for (const auto& [name, value] : request.headers) {
    complete = complete && append_header(headers, name + ": " + value);
  }
  if (!request.bearer_token.empty()) {
    complete = complete &&
               append_header(headers, "Authorization: Bearer " + request.bearer_token.reveal());
  }
  if (!complete) return fail("out of memory");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return fail(describe(curl.get(), code, request, sink));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return HttpResponse{static_cast<int>(status), std::move(sink.body)};
}

std::string percent_encode(const std::string& text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 15U];
  }
  return encoded;
}

}  // namespace backstay
