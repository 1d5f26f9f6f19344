#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backstay::requests {

// From what was asked for to a route: the query is dropped, and identifiers in the path (numbers,
// UUIDs, hashes, dates, e-mail addresses, long tokens) become ":id", so that the number of routes
// is that of the service's code and not of its data. Configured templates ("/api/users/:id", where
// a segment that begins with a colon stands for any one) win. Immutable.
class Routes {
 public:
  explicit Routes(std::vector<std::string> templates);

  // Writes the route into `route`, whose memory is used again from call to call. True: a template
  // gave it.
  bool fold(std::string_view target, std::string& route) const;

  // A route has at most this many segments and bytes; the rest is cut off and shown as "*".
  static constexpr std::size_t kSegmentsMax = 8;
  static constexpr std::size_t kBytesMax = 128;

 private:
  struct Template {
    std::string text;
    std::vector<std::string> segments;
  };
  [[nodiscard]] bool matches(const Template& route, std::string_view path) const;

  std::vector<Template> templates_;
};

// True for what stands for one thing among many.
bool is_identifier(std::string_view segment);

}  // namespace backstay::requests
