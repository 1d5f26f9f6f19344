// What reading JSON lines costs at the least: simdjson reads the six fields of each line by their
// names, in their order, into variables of their types, and nothing is done with them.
// bench_json_lines FILE prints the seconds of CPU that it took.
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace {

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The six fields that count, in the order in which the lines have them.
struct Request {
  double ts = 0;
  std::string_view method;
  std::string_view uri;
  std::uint64_t status = 0;
  std::uint64_t bytes_sent = 0;
  double request_time = 0;
};

simdjson::error_code read(simdjson::ondemand::parser& parser, std::string_view line,
                          Request& request) {
  const simdjson::padded_string_view padded(line.data(), line.size(),
                                            line.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  if (const auto error = parser.iterate(padded).get(document)) return error;
  simdjson::ondemand::object object;
  if (const auto error = document.get_object().get(object)) return error;
  if (const auto error = object["ts"].get(request.ts)) return error;
  if (const auto error = object["method"].get(request.method)) return error;
  if (const auto error = object["uri"].get(request.uri)) return error;
  if (const auto error = object["status"].get(request.status)) return error;
  if (const auto error = object["bytes_sent"].get(request.bytes_sent)) return error;
  return object["request_time"].get(request.request_time);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ostringstream file;
  file << std::ifstream(argv[1], std::ios::binary).rdbuf();
  std::string text = file.str();
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::parser parser;
  double sum = 0;
  const double begun = cpu_seconds();
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = rest.find('\n');
    Request request;
    if (read(parser, rest.substr(0, size), request) != simdjson::SUCCESS) return 1;
    sum += static_cast<double>(request.status + request.bytes_sent + request.uri.size());
    rest.remove_prefix(size == std::string_view::npos ? rest.size() : size + 1);
  }
  std::cout << cpu_seconds() - begun << '\n';
  return sum > 0 ? 0 : 1;
}
