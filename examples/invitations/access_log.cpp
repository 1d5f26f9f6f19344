#include "access_log.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace {

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%d/%b/%Y:%H:%M:%S %z", &parts);
  return text.data();
}

// A quoted field: what could end it, or the line, is written as \xHH.
std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02X", static_cast<unsigned char>(c));
      text += escaped.data();
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

AccessLog::AccessLog(const std::string& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) {
  if (descriptor_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
}

AccessLog::~AccessLog() { ::close(descriptor_); }

void AccessLog::write(const httplib::Request& request, const httplib::Response& response,
                      double seconds) {
  std::array<char, 32> duration{};
  std::snprintf(duration.data(), duration.size(), " %.6f\n", seconds);
  const std::string line =
      request.remote_addr + " - - [" + local_time() + "] " +
      quoted(request.method + " " + request.target + " " + request.version) + " " +
      std::to_string(response.status) + " " + std::to_string(response.body.size()) + " " +
      quoted(or_dash(request.get_header_value("Referer"))) + " " +
      quoted(or_dash(request.get_header_value("User-Agent"))) + duration.data();
  // A line that cannot be written must not fail the request it is about.
  static_cast<void>(::write(descriptor_, line.data(), line.size()));
}
