#include "receiver/intake/server_metrics.h"

#include <map>

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "tests/raw_client.h"

namespace backstay::intake {
namespace {

std::map<std::string, double> shown(const Server& server) {
  std::map<std::string, double> values;
  for (const auto& family : ServerMetrics(server).Collect()) {
    EXPECT_EQ(family.type, prometheus::MetricType::Counter) << family.name;
    EXPECT_FALSE(family.help.empty());
    for (const auto& metric : family.metric) values[family.name] += metric.counter.value;
  }
  return values;
}

TEST(ServerMetrics, CountWhatTheServerRefusedByItself) {
  Server server([](const Request&) { return Response{}; }, ServerLimits{.body_bytes_max = 10});
  const auto bound = server.listen("127.0.0.1:0");
  ASSERT_TRUE(bound) << bound.error().message;
  EXPECT_EQ(shown(server), (std::map<std::string, double>{
                               {"backstay_receiver_bodies_too_large_total", 0},
                               {"backstay_receiver_connections_refused_total", 0},
                               {"backstay_receiver_requests_refused_total", 0},
                               {"backstay_receiver_requests_timed_out_total", 0},
                               {"backstay_receiver_tls_handshakes_failed_total", 0},
                           }));
  test::RawClient client(*bound);
  client.send(
      "POST / HTTP/1.1\r\nHost: backstay\r\nContent-Type: application/json\r\n"
      "Content-Length: 11\r\n\r\n12345678901");
  EXPECT_NE(client.read_answer().find("413"), std::string::npos);
  EXPECT_EQ(shown(server)["backstay_receiver_bodies_too_large_total"], 1);
  EXPECT_EQ(shown(server)["backstay_receiver_connections_refused_total"], 0);
}

TEST(ServerMetrics, SayWhyAConnectionWasNotServed) {
  Server server([](const Request&) { return Response{}; }, ServerLimits{.connections_max = 0});
  const auto bound = server.listen("127.0.0.1:0");
  ASSERT_TRUE(bound) << bound.error().message;
  EXPECT_NE(test::RawClient(*bound).read_to_end().find("503"), std::string::npos);
  std::map<std::string, double> by_reason;
  for (const auto& family : ServerMetrics(server).Collect()) {
    if (family.name != "backstay_receiver_connections_refused_total") continue;
    for (const auto& metric : family.metric) {
      EXPECT_EQ(metric.label.front().name, "reason");
      by_reason[metric.label.front().value] = metric.counter.value;
    }
  }
  EXPECT_EQ(by_reason, (std::map<std::string, double>{
                           {"full", 1}, {"no_thread", 0}, {"peer_full", 0}, {"silent", 0}}));
}

TEST(ServerMetrics, SayWhyARequestWasRefused) {
  Server server([](const Request&) { return Response{}; }, {});
  const auto bound = server.listen("127.0.0.1:0");
  ASSERT_TRUE(bound) << bound.error().message;
  test::RawClient client(*bound);
  client.send("garbage\r\n\r\n");
  client.read_to_end();
  server.stop();
  std::map<std::string, double> by_reason;
  for (const auto& family : ServerMetrics(server).Collect()) {
    if (family.name != "backstay_receiver_requests_refused_total") continue;
    for (const auto& metric : family.metric) {
      by_reason[metric.label.front().value] = metric.counter.value;
    }
  }
  EXPECT_EQ(by_reason, (std::map<std::string, double>{{"body_broken", 0},
                                                      {"body_length", 0},
                                                      {"form", 0},
                                                      {"head_too_large", 0},
                                                      {"line_too_long", 0},
                                                      {"malformed", 1},
                                                      {"method", 0}}));
}

}  // namespace
}  // namespace backstay::intake
