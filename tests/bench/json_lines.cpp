// What reading JSON lines costs at the least: simdjson looks at each field of each line and does
// nothing with it. bench_json_lines FILE prints the seconds of CPU that it took.
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

std::size_t fields_of(simdjson::ondemand::parser& parser, std::string_view line) {
  std::size_t fields = 0;
  const simdjson::padded_string_view padded(line.data(), line.size(),
                                            line.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return 0;
  simdjson::ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return 0;
  for (auto field : object) {
    std::string_view value;
    if (field.error() != simdjson::SUCCESS) return fields;
    if (field.value().raw_json_token().get(value) == simdjson::SUCCESS) fields += value.size() > 0;
  }
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ostringstream read;
  read << std::ifstream(argv[1], std::ios::binary).rdbuf();
  std::string text = read.str();
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::parser parser;
  std::size_t fields = 0;
  const double begun = cpu_seconds();
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = rest.find('\n');
    fields += fields_of(parser, rest.substr(0, size));
    rest.remove_prefix(size == std::string_view::npos ? rest.size() : size + 1);
  }
  std::cout << cpu_seconds() - begun << '\n';
  return fields > 0 ? 0 : 1;
}
