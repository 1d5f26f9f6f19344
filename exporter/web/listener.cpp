#include "exporter/web/listener.h"

#include <algorithm>
#include <array>

#include <civetweb.h>

#include "base/log.h"
#include "base/mutex.h"

namespace backstay::web {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

Request request_of(const mg_connection* connection) {
  const mg_request_info& info = *mg_get_request_info(connection);
  Request request;
  request.method = info.request_method;
  request.path = info.local_uri == nullptr ? "" : info.local_uri;
  request.query = info.query_string == nullptr ? "" : info.query_string;
  for (int i = 0; i < info.num_headers; ++i) {
    request.headers.emplace(lower_case(info.http_headers[i].name), info.http_headers[i].value);
  }
  return request;
}

void write(mg_connection* connection, const Response& response, bool with_body) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     reason_of(response.status) + "\r\nContent-Type: " + response.content_type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  head += "\r\n";
  mg_write(connection, head.data(), head.size());
  if (with_body) mg_write(connection, response.body.data(), response.body.size());
}

// CivetWeb tells only its log why it does not start: first the reason, then what follows from it.
// It goes on telling from any of its threads for as long as it runs, so this lives as long.
class Messages {
 public:
  void add(const char* message) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (first_.empty()) first_ = message;
  }
  [[nodiscard]] std::string first() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return first_;
  }

 private:
  mutable Mutex mutex_;
  std::string first_ GUARDED_BY(mutex_);
};

Result<void> check_address(const std::string& address) {
  // With or without brackets, ":9878" being every IPv4 address.
  const bool is_ipv6 = std::count(address.begin(), address.end(), ':') > 1;
  if (is_ipv6 || address.find('[') != std::string::npos) {
    return fail(address +
                ": Debian's CivetWeb has no IPv6; listen on IPv4 and put a proxy in front");
  }
  const std::size_t colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535) {
    return fail(address + ": expected HOST:PORT, with a port from 0 to 65535");
  }
  return {};
}

}  // namespace

struct Listener::Context {
  Messages messages;
  mg_context* civetweb = nullptr;
};

Listener::Listener() : context_(std::make_unique<Context>()) {}
Listener::~Listener() { stop(); }

void Listener::stop() {
  if (context_->civetweb != nullptr) mg_stop(std::exchange(context_->civetweb, nullptr));
}

Listener& Listener::of(const mg_connection* connection) {
  return *static_cast<Listener*>(mg_get_user_data(mg_get_context(connection)));
}

// CivetWeb calls back from C: nothing may be thrown through it. As begin_request, not as a request
// handler: that could be set only when the server listens already, and whoever came before it would
// get CivetWeb's own 404.
int Listener::answer(mg_connection* connection) noexcept {
  Response response;
  bool with_body = true;
  try {
    const Request request = request_of(connection);
    with_body = request.method != "HEAD";
    response = of(connection).handle(request, *connection);
  } catch (const std::exception& error) {
    log::error("a request ended in an exception", {{"error", error.what()}});
    response = {500, "internal error\n"};
  }
  try {
    write(connection, response, with_body);
  } catch (const std::exception& error) {
    log::error("an answer could not be written", {{"error", error.what()}});
  }
  return response.status;
}

int Listener::keep_message(const mg_connection* connection, const char* message) noexcept {
  const mg_context* context = mg_get_context(connection);
  auto* listener = static_cast<Listener*>(context == nullptr ? nullptr : mg_get_user_data(context));
  if (listener != nullptr) listener->context_->messages.add(message);
  log::debug("civetweb", {{"message", message}});
  return 1;
}

Result<void> Listener::listen(const std::vector<std::string>& addresses, const Options& options,
                              const mg_callbacks* wanted) {
  std::string ports;
  for (const std::string& address : addresses) {
    if (auto checked = check_address(address); !checked) return fail(checked.error());
    const bool is_any_host = address.front() == ':';
    ports += (ports.empty() ? "" : ",") + (is_any_host ? address.substr(1) : address);
  }
  const std::string threads = std::to_string(options.threads);
  const std::string idle_ms = std::to_string(options.idle_ms);
  const std::array<const char*, 9> settings{
      "listening_ports", ports.c_str(),       "num_threads", threads.c_str(), "request_timeout_ms",
      idle_ms.c_str(),   "enable_keep_alive", "no",          nullptr};
  mg_callbacks callbacks = wanted == nullptr ? mg_callbacks{} : *wanted;
  callbacks.begin_request = answer;
  callbacks.log_message = keep_message;
  mg_init_library(0);
  mg_context* context = mg_start(&callbacks, this, const_cast<const char**>(settings.data()));
  if (context == nullptr) {
    return fail("cannot listen on " + ports + ": " + context_->messages.first());
  }
  context_->civetweb = context;

  std::array<mg_server_port, 16> bound{};
  const int count = mg_get_server_ports(context, static_cast<int>(bound.size()), bound.data());
  for (int i = 0; i < count && i < static_cast<int>(addresses.size()); ++i) {
    const std::string& asked = addresses[static_cast<std::size_t>(i)];
    addresses_.push_back(asked.substr(0, asked.rfind(':') + 1) +
                         std::to_string(bound[static_cast<std::size_t>(i)].port));
  }
  return {};
}

}  // namespace backstay::web
