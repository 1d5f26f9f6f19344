#include "exporter/formats/formats.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/unit/exporter/format_lines.h"

namespace backstay::formats {
namespace {

TEST(Formats, TheOrderOfTheDocumentation) {
  const std::vector<std::string> expected{"combined", "json",       "haproxy", "caddy",
                                          "traefik",  "cloudflare", "netlify"};
  EXPECT_EQ(names(), expected);
  EXPECT_EQ(make_parser("nginx"), nullptr);
}

TEST(Formats, TheRolesOfJson) {
  const std::vector<std::string> expected{
      "request",        "method",     "target",      "route",       "status",      "request_bytes",
      "response_bytes", "duration_s", "duration_ms", "duration_us", "duration_ns", "time",
      "request_id",     "in_flight",  "level",       "message",     "stack"};
  EXPECT_EQ(json_roles(), expected);
}

// A fuzzer starts from the corpus: each file is one line, named after what it comes to.
//   event-nginx, message-pino, not_json-half
TEST(Formats, TheCorpusOfEachFuzzTargetComesToWhatItsFilesAreNamedAfter) {
  for (const std::string& format : names()) {
    std::map<std::string, int> outcomes;
    const auto folder = std::filesystem::path(BACKSTAY_SOURCE_DIR) / "tests/fuzz/corpus" / format;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string line{std::istreambuf_iterator<char>(stream), {}};
      const std::string name = file.path().filename();
      FormatLines lines(format);
      EXPECT_EQ(lines.outcome(line), name.substr(0, name.find('-'))) << format << "/" << name;
      ++outcomes[name.substr(0, name.find('-'))];
    }
    EXPECT_GE(outcomes["event"], 3) << format;
    EXPECT_GE(outcomes.size(), 4U) << format;
  }
}

}  // namespace
}  // namespace backstay::formats
