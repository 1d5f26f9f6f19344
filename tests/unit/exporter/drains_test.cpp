#include "exporter/sources/drains.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/raw_client.h"
#include "tests/unit/exporter/fake_batches.h"
#include "tests/unit/exporter/packed.h"

namespace backstay::sources {
namespace {

using test::packed;
using test::RawClient;

constexpr const char* kLine =
    "192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n";

std::string head(const std::string& path, const std::string& headers) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

// Drains as a provider meets them. One server for all: CivetWeb takes up to two seconds to stop.
struct DrainsTest : ::testing::Test {
  static void SetUpTestSuite() {
    batches = std::make_unique<test::FakeBatches>();
    const auto token = SecretSource::literal(Secret("right"));
    drains = std::make_unique<Drains>(
        std::vector<DrainConfig>{{"edge", "combined", {}, DrainToken{token, ""}, "", 1024 * 1024}},
        *batches);
    auto started = web::DrainServer::start({"127.0.0.1:0"}, drains->handlers());
    if (!started) throw std::runtime_error(started.error().message);
    server = std::move(*started);
  }
  static void TearDownTestSuite() {
    server.reset();
    drains.reset();
    batches.reset();
  }
  // The first line.
  static std::string answer_to(const std::string& bytes) {
    RawClient client(server->addresses().front());
    client.send(bytes);
    const std::string answer = client.read_answer();
    return answer.substr(0, answer.find("\r\n"));
  }
  static std::string post(const std::string& body, const std::string& headers = "",
                          const std::string& path = "/drains/edge?token=right") {
    return answer_to(
        head(path, "Content-Length: " + std::to_string(body.size()) + "\r\n" + headers) + body);
  }
  static double value(const std::string& name, const std::string& outcome = "") {
    for (const metrics::Family& family : drains->families()) {
      for (const metrics::Sample& sample : family.samples) {
        const auto labels = sample.labels.pairs();
        const auto of = labels.find("outcome");
        const bool is_it =
            outcome.empty() ? of == labels.end() : of != labels.end() && of->second == outcome;
        if (family.name == name && labels.at("drain") == "edge" && is_it) return sample.value;
      }
    }
    return -1;
  }
  static inline std::unique_ptr<test::FakeBatches> batches;
  static inline std::unique_ptr<Drains> drains;
  static inline std::unique_ptr<web::DrainServer> server;
};

TEST_F(DrainsTest, ABodyIsCountedHoweverItComes) {
  const int before = batches->total().requests;
  const std::string two = std::string(kLine) + kLine;
  EXPECT_EQ(post(two), "HTTP/1.1 200 OK");
  EXPECT_EQ(post(packed(two), "Content-Encoding: gzip\r\n"), "HTTP/1.1 200 OK");
  EXPECT_EQ(post(packed(two + kLine)), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer_to(head("/drains/edge?token=right", "Transfer-Encoding: chunked\r\n") + "3\r\n" +
                      two.substr(0, 3) + "\r\n" + "a\r\n" + two.substr(3, 10) + "\r\n0\r\n\r\n"),
            "HTTP/1.1 200 OK");
  EXPECT_EQ(batches->total().requests, before + 7);
}

// Larger than any buffer.
TEST_F(DrainsTest, ALargeBodyIsCountedToItsLastLine) {
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += kLine;
  const int before = batches->total().requests;
  EXPECT_EQ(post(body), "HTTP/1.1 200 OK");
  EXPECT_EQ(post(packed(body)), "HTTP/1.1 200 OK");
  EXPECT_EQ(batches->total().requests, before + 20'000);
}

TEST_F(DrainsTest, OnlyPostAndOnlyDrainsThatAreThere) {
  EXPECT_EQ(post(kLine, "", "/drains/other?token=right"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(post(kLine, "", "/drains/?token=right"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(post(kLine, "", "/metrics"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answer_to("GET /drains/edge HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 405 Method Not Allowed");
}

TEST_F(DrainsTest, ThereIsAnAnswerToAWrongTokenBeforeTheBodyIsSent) {
  EXPECT_EQ(answer_to(head("/drains/edge?token=wrong", "Content-Length: 1000\r\n")),
            "HTTP/1.1 401 Unauthorized");
}

TEST_F(DrainsTest, ABombIsTooLarge) {
  EXPECT_EQ(post(packed(std::string(50'000'000, ' '))), "HTTP/1.1 413 Content Too Large");
}

TEST_F(DrainsTest, ACutConnectionCountsNothing) {
  const int before = batches->total().lines;
  const double cut = value("backstay_drain_requests_total", "cut_off");
  {
    RawClient client(server->addresses().front());
    client.send(head("/drains/edge?token=right", "Content-Length: 1000\r\n") + kLine);
  }
  while (value("backstay_drain_requests_total", "cut_off") == cut) {
  }
  EXPECT_EQ(batches->total().lines, before);
}

TEST_F(DrainsTest, EachOutcomeHasASeries) {
  const std::string requests = "backstay_drain_requests_total";
  const double counted = value(requests, "counted");
  const double bytes = value("backstay_drain_bytes_total");
  post(packed("no log\n"));
  EXPECT_EQ(value(requests, "counted"), counted + 1);
  EXPECT_EQ(value("backstay_drain_bytes_total"), bytes + 7);
  for (const char* outcome : {"counted", "seen_before", "setup", "unauthorized", "too_large",
                              "bad_body", "cut_off", "not_kept", "busy"}) {
    EXPECT_GE(value(requests, outcome), 0) << outcome;
  }
}

}  // namespace
}  // namespace backstay::sources
