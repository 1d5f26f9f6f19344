#pragma once

#include <string>

#include <httplib.h>

// Combined format, and the request's time in seconds at the end, as nginx writes it with
// log_format … "$http_user_agent" $request_time. One write() a line on a file opened with O_APPEND,
// so that several releases may share it. Thread-safe.
class AccessLog {
 public:
  explicit AccessLog(const std::string& path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  void write(const httplib::Request& request, const httplib::Response& response, double seconds);

 private:
  int descriptor_;
};
