#include "receiver/ledger/delivery_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "receiver/journal/duration_totals.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using journal::Transaction;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

struct DeliveryMetricsTest : ::testing::Test {
  DeliveryMetricsTest() {
    auto opened = journal::Database::open(folder.path("journal.db"));
    if (opened) database = std::move(*opened);
  }
  // As Prometheus scrapes them.
  std::string page() {
    std::string text;
    EXPECT_TRUE(database->read([&](Transaction& tx) {
      text = prometheus::TextSerializer().Serialize(delivery_metrics(tx));
    }));
    return text;
  }
  bool has(const std::string& line) { return page().find("\n" + line + "\n") != std::string::npos; }

  test::TemporaryFolder folder;
  std::unique_ptr<journal::Database> database;
};

TEST_F(DeliveryMetricsTest, WhatNeverHappenedIsThereAsZero) {
  for (const char* line :
       {"deployments_total{kind=\"planned\"} 0", "deployments_total{kind=\"rework\"} 0",
        "deployments_total{kind=\"rollback\"} 0", "deployment_failures_total{kind=\"planned\"} 0",
        "deployment_failures_total{kind=\"rework\"} 0",
        "deployment_failures_total{kind=\"rollback\"} 0", "change_lead_time_seconds_count 0",
        "failed_deployment_recovery_seconds_bucket{le=\"+Inf\"} 0"}) {
    EXPECT_TRUE(has(line)) << line << "\n" << page();
  }
}

TEST_F(DeliveryMetricsTest, AHistogramHoldsWhatIsBeyondItsLastBoundToo) {
  ASSERT_TRUE(database->write([](Transaction& tx) {
    for (const milliseconds each :
         {milliseconds(minutes(5)), milliseconds(300'500), milliseconds(hours(24 * 100))}) {
      add_duration(tx, journal::change_lead_time(), each);
    }
  }));
  for (const char* line :
       {"change_lead_time_seconds_bucket{le=\"300\"} 1",
        "change_lead_time_seconds_bucket{le=\"900\"} 2",
        "change_lead_time_seconds_bucket{le=\"7776000\"} 2",
        "change_lead_time_seconds_bucket{le=\"+Inf\"} 3", "change_lead_time_seconds_count 3",
        "change_lead_time_seconds_sum 8640600.5"}) {
    EXPECT_TRUE(has(line)) << line << "\n" << page();
  }
}

}  // namespace
}  // namespace backstay
