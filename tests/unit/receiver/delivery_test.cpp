#include "receiver/ledger/delivery.h"

#include <gtest/gtest.h>

#include "receiver/journal/duration_totals.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using journal::Transaction;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow{hours(24 * 20'000)};

struct DeliveryTest : ::testing::Test {
  void SetUp() override {
    auto opened = journal::Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
  }
  void change(const std::function<void(Transaction&)>& work) {
    const auto written = database->write(work);
    ASSERT_TRUE(written) << written.error().message;
  }
  void live(const std::string& release, const std::string& kind = "deploy",
            const ReleaseDetails& details = {}) {
    now += minutes(1);
    change([&](Transaction& tx) {
      open_deployment(tx, release, kind, std::nullopt, now, {"ada", details});
    });
  }
  Ledger ledger() {
    Ledger loaded;
    change([&](Transaction& tx) { loaded = load_ledger(tx); });
    return loaded;
  }
  // "planned rework rollback", in the order in which they went live; "-" for what is none.
  std::string purposes() {
    std::string all;
    const auto deployments = ledger().deployments;
    for (auto each = deployments.rbegin(); each != deployments.rend(); ++each) {
      all += (all.empty() ? "" : " ") + (each->purpose.empty() ? "-" : each->purpose);
    }
    return all;
  }
  journal::DurationTotals totals(const journal::DurationSeries& series) {
    journal::DurationTotals read;
    change([&](Transaction& tx) { read = read_durations(tx, series); });
    return read;
  }

  test::TemporaryFolder folder;
  std::unique_ptr<journal::Database> database;
  WallTime now = kNow;
};

TEST_F(DeliveryTest, WhatWasThereBeforeTheLedgerIsNoDeployment) {
  live("1", "observed");
  live("2", "observed");
  EXPECT_EQ(purposes(), "- planned");
}

TEST_F(DeliveryTest, AnAdoptedReleaseIsNoDeployment) {
  live("1", "adopted");
  live("2");
  EXPECT_EQ(purposes(), "- planned");
}

TEST_F(DeliveryTest, GoingBackIsARollbackWhoeverDoesIt) {
  live("1");
  live("2");
  live("1", "rollback");
  live("3");
  live("2", "observed");
  live("1");
  EXPECT_EQ(purposes(), "planned planned rollback rework rollback rollback");
}

TEST_F(DeliveryTest, WhatIsPutBackFailed) {
  live("1");
  live("2");
  live("1", "observed");
  EXPECT_FALSE(ledger().deployments[2].failed_at);
  EXPECT_EQ(ledger().deployments[1].failed_at, now);
}

TEST_F(DeliveryTest, TheSameReleaseAgainIsPlanned) {
  live("1");
  live("1");
  EXPECT_EQ(purposes(), "planned planned");
}

TEST_F(DeliveryTest, TheNextAfterAFailedOneIsRework) {
  live("1");
  live("2");
  change([&](Transaction& tx) { note_failed(tx, 2, now, "errors"); });
  live("3");
  live("4");
  EXPECT_EQ(purposes(), "planned planned rework planned");
}

TEST_F(DeliveryTest, WhatTheSenderSaysOfReworkCounts) {
  ReleaseDetails fix;
  fix.rework = true;
  ReleaseDetails planned;
  planned.rework = false;
  live("1");
  live("2", "deploy", fix);
  change([&](Transaction& tx) { note_failed(tx, 2, now, "errors"); });
  live("3", "deploy", planned);
  EXPECT_EQ(purposes(), "planned rework planned");
}

TEST_F(DeliveryTest, ADeploymentFailsOnceAndForItsFirstReason) {
  live("1");
  change([&](Transaction& tx) {
    note_failed(tx, 1, now, "errors");
    note_failed(tx, 1, now + minutes(1), "more errors");
    auto audit = tx.prepare("SELECT what || ': ' || reason FROM changes WHERE what = 'failed'");
    ASSERT_TRUE(audit.next());
    EXPECT_EQ(audit.text(0), "failed: errors");
    EXPECT_FALSE(audit.next());
  });
  EXPECT_EQ(ledger().deployments[0].failed_at, now);
}

TEST_F(DeliveryTest, ACommitCountsOnceAndNotFromTheFuture) {
  ReleaseDetails details;
  details.commit_times = {kNow + hours(1), kNow - hours(3), kNow - minutes(10)};
  live("1", "deploy", details);
  live("2");
  live("1", "deploy", details);
  const auto lead = totals(journal::change_lead_time());
  EXPECT_EQ(lead.count, 2U);
  EXPECT_EQ(lead.sum_seconds, 181 * 60 + 11 * 60);
  EXPECT_EQ(lead.cumulative.at(1), 1U) << "within a quarter of an hour";
  EXPECT_EQ(lead.cumulative.back(), 2U);
}

TEST_F(DeliveryTest, WhatIsToldOnlyOnceItIsLiveCountsToo) {
  live("1");
  change([&](Transaction& tx) { reconcile(tx, "2", now); });
  Origin told{"octocat", {}};
  told.details.commit_times = {now - hours(1)};
  change([&](Transaction& tx) { EXPECT_FALSE(reconcile(tx, "2", now + minutes(1), told)); });
  change([&](Transaction& tx) { EXPECT_FALSE(reconcile(tx, "2", now + minutes(2), told)); });
  EXPECT_EQ(totals(journal::change_lead_time()).count, 1U);
  EXPECT_EQ(totals(journal::change_lead_time()).sum_seconds, 3600);
  EXPECT_EQ(ledger().live()->actor, "octocat");
}

TEST_F(DeliveryTest, WhatTheLedgerLearnsIsInTheAudit) {
  Origin told{"octocat", {}};
  told.details.commit = "1a2b3c4";
  told.details.rollback_safe = false;
  change([&](Transaction& tx) { open_deployment(tx, "1", "deploy", std::nullopt, now, told); });
  EXPECT_FALSE(ledger().find("1")->rollback_safe);
  change([&](Transaction& tx) { EXPECT_EQ(load_details(tx)["1"].commit, "1a2b3c4"); });
  change([&](Transaction& tx) {
    auto audit = tx.prepare("SELECT actor || ': ' || reason FROM changes WHERE what = 'described'");
    ASSERT_TRUE(audit.next());
    EXPECT_EQ(audit.text(0), "octocat: commit 1a2b3c4, not rollback_safe");
  });
}

TEST_F(DeliveryTest, BucketsHaveTheirOwnBounds) {
  const auto& series = journal::failed_deployment_recovery();
  change([&](Transaction& tx) {
    for (const auto each : {seconds(5), seconds(6), seconds(8 * 24 * 3600)}) {
      add_duration(tx, series, each);
    }
  });
  const auto read = totals(series);
  EXPECT_EQ(read.cumulative.at(0), 1U) << "at its bound is within it";
  EXPECT_EQ(read.cumulative.at(1), 2U);
  EXPECT_EQ(read.cumulative.back(), 2U);
  EXPECT_EQ(read.count, 3U);
  EXPECT_EQ(totals(journal::change_lead_time()).count, 0U);
}

}  // namespace
}  // namespace backstay
