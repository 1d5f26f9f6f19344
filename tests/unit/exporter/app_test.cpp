#include "exporter/app.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

struct ReadOnceTest : ::testing::Test {
  void add_source(const std::string& name, const std::string& text) {
    std::ofstream(folder.path(name)) << text;
    config.requests.files.push_back({folder.path(name), "combined", {}});
  }
  static std::string line(const std::string& request, int status, const std::string& seconds) {
    return "10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] \"" + request + "\" " +
           std::to_string(status) + " 5 \"-\" \"curl\" " + seconds + "\n";
  }
  void expect_line(const std::string& text, const std::string& wanted) const {
    EXPECT_NE(("\n" + text).find("\n" + wanted + "\n"), std::string::npos)
        << wanted << " is not in\n"
        << text;
  }
  std::string label(const std::string& name) const {
    return "source=\"" + folder.path(name) + "\"";
  }

  test::TemporaryFolder folder;
  ExporterConfig config;
};

TEST_F(ReadOnceTest, CountsALogOfKnownContent) {
  std::string log;
  for (int i = 0; i < 40; ++i)
    log += line("GET /users/" + std::to_string(i) + " HTTP/1.1", 200, "0.020");
  for (int i = 0; i < 3; ++i) log += line("POST /users HTTP/1.1", 500, "2.500");
  log += line("GET /.env HTTP/1.1", 404, "0.001");
  log += "rubbish\n";
  add_source("access.log", log);
  const auto text = read_once(config);
  ASSERT_TRUE(text) << text.error().message;
  expect_line(*text,
              "http_server_requests_total{http_request_method=\"GET\","
              "http_response_status_code=\"200\",http_route=\"/users/:id\"} 40");
  expect_line(*text,
              "http_server_requests_total{http_request_method=\"POST\","
              "http_response_status_code=\"500\",http_route=\"/users\"} 3");
  expect_line(*text,
              "http_server_requests_total{http_request_method=\"GET\","
              "http_response_status_code=\"404\",http_route=\"unmatched\"} 1");
  const std::string timed =
      "{http_request_method=\"GET\",http_response_status_class=\"2xx\",http_route=\"/users/:id\"";
  expect_line(*text, "http_server_request_duration_seconds_bucket" + timed + ",le=\"0.01\"} 0");
  expect_line(*text, "http_server_request_duration_seconds_bucket" + timed + ",le=\"0.025\"} 40");
  expect_line(*text, "http_server_request_duration_seconds_count" + timed + "} 40");
  expect_line(*text, "backstay_log_lines_total{" + label("access.log") + "} 45");
  expect_line(
      *text, "backstay_log_lines_rejected_total{reason=\"no_time\"," + label("access.log") + "} 1");
}

TEST_F(ReadOnceTest, SeveralSourcesAddUp) {
  add_source("one.log", line("GET /a HTTP/1.1", 200, "0.1"));
  add_source("two.log", line("GET /a HTTP/1.1", 200, "0.1") + line("GET /a HTTP/1.1", 200, "0.1"));
  const auto text = read_once(config);
  ASSERT_TRUE(text) << text.error().message;
  expect_line(*text,
              "http_server_requests_total{http_request_method=\"GET\","
              "http_response_status_code=\"200\",http_route=\"/a\"} 3");
  expect_line(*text, "backstay_log_lines_total{" + label("one.log") + "} 1");
  expect_line(*text, "backstay_log_lines_total{" + label("two.log") + "} 2");
}

TEST_F(ReadOnceTest, ASourceThatCannotBeReadIsNamed) {
  add_source("one.log", "");
  config.requests.files.push_back({folder.path("nowhere.log"), "combined", {}});
  const auto text = read_once(config);
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find(folder.path("nowhere.log")), std::string::npos);
}

TEST_F(ReadOnceTest, TheLimitOfSeriesHolds) {
  requests::RequestOptions options;
  options.series_max = 10;
  config.requests.options = std::make_shared<const requests::RequestOptions>(options);
  std::string log;
  for (int i = 0; i < 100; ++i)
    log += line("GET /p" + std::string(i % 30, 'x') + " HTTP/1.1", 200, "0.1");
  add_source("access.log", log);
  const auto text = read_once(config);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_NE(text->find("http_route=\"other\""), std::string::npos);
}

}  // namespace
}  // namespace backstay
