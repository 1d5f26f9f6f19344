#include "receiver/ledger/ledger.h"

#include <gtest/gtest.h>

#include "receiver/ledger/ledger_report.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using journal::Transaction;
using std::chrono::minutes;
using Verdict = RollbackTarget::Verdict;

const WallTime kNow{std::chrono::hours(24 * 20'000)};

struct LedgerTest : ::testing::Test {
  void SetUp() override {
    auto opened = journal::Database::open(folder.path("journal.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database = std::move(*opened);
  }
  Ledger change(const std::function<void(Transaction&)>& work) {
    Ledger ledger;
    const auto written = database->write([&](Transaction& tx) {
      work(tx);
      ledger = load_ledger(tx);
    });
    EXPECT_TRUE(written);
    return ledger;
  }

  test::TemporaryFolder folder;
  std::unique_ptr<journal::Database> database;
};

TEST_F(LedgerTest, AnEmptyLedgerHasNothingLive) {
  const Ledger ledger = change([](Transaction&) {});
  EXPECT_EQ(ledger.live(), nullptr);
  EXPECT_EQ(rollback_target(ledger, {"1"}).verdict, Verdict::no_good_release);
}

TEST_F(LedgerTest, AdoptingSeedsIt) {
  const Ledger ledger = change([](Transaction& tx) { adopt(tx, "1", kNow, "ada", "runs well"); });
  ASSERT_NE(ledger.live(), nullptr);
  EXPECT_EQ(ledger.live()->release, "1");
  EXPECT_EQ(ledger.find("1")->good_at, kNow);
}

TEST_F(LedgerTest, ADeploymentEndsTheOneBefore) {
  const Ledger ledger = change([](Transaction& tx) {
    adopt(tx, "1", kNow, "ada", "");
    open_deployment(tx, "2", "deploy", std::nullopt, kNow + minutes(1));
  });
  EXPECT_EQ(ledger.live()->release, "2");
  EXPECT_EQ(ledger.deployments[1].ended_at, kNow + minutes(1));
  EXPECT_EQ(rollback_target(ledger, {"1", "2"}).release, "1");
}

TEST_F(LedgerTest, AReleaseBecomesGoodOnce) {
  change([](Transaction& tx) {
    open_deployment(tx, "2", "deploy", std::nullopt, kNow);
    EXPECT_EQ(promote_settled(tx, kNow + minutes(10)), "2");
    EXPECT_FALSE(promote_settled(tx, kNow + minutes(11)));
  });
}

TEST_F(LedgerTest, WhatTheDriverToldIsNotGoodByItself) {
  change([](Transaction& tx) {
    EXPECT_TRUE(reconcile(tx, "5", kNow));
    EXPECT_FALSE(reconcile(tx, "5", kNow));
    EXPECT_FALSE(promote_settled(tx, kNow + minutes(60)));
    const Ledger ledger = load_ledger(tx);
    EXPECT_EQ(state_of(*ledger.find("5"), ledger), "observed");
  });
}

TEST_F(LedgerTest, WhatWasRolledBackIsPoisonedUntilCleared) {
  Ledger ledger = change([](Transaction& tx) {
    adopt(tx, "1", kNow, "ada", "");
    open_deployment(tx, "2", "deploy", std::nullopt, kNow);
    mark_rolled_back(tx, 2, kNow, "errors");
    open_deployment(tx, "1", "rollback", std::nullopt, kNow);
  });
  EXPECT_EQ(ledger.find("2")->poison_reason, "errors");
  ledger = change([](Transaction& tx) {
    EXPECT_TRUE(clear_poison(tx, "2", kNow, "ada", "fixed"));
    EXPECT_FALSE(clear_poison(tx, "2", kNow, "ada", "fixed"));
  });
  EXPECT_FALSE(ledger.find("2")->poisoned_at);
}

TEST_F(LedgerTest, WhatWasRolledBackSettlesAnewBeforeItIsGood) {
  Ledger ledger = change([](Transaction& tx) {
    adopt(tx, "1", kNow, "ada", "");
    open_deployment(tx, "2", "deploy", std::nullopt, kNow);
    EXPECT_EQ(promote_settled(tx, kNow + minutes(10)), "2");
    mark_rolled_back(tx, 2, kNow + minutes(20), "errors");
    open_deployment(tx, "1", "rollback", std::nullopt, kNow + minutes(20));
    EXPECT_TRUE(clear_poison(tx, "2", kNow + minutes(30), "ada", "fixed"));
  });
  EXPECT_EQ(state_of(*ledger.find("2"), ledger), "candidate");
  ledger = change([](Transaction& tx) {
    open_deployment(tx, "2", "deploy", std::nullopt, kNow + minutes(40));
    open_deployment(tx, "3", "deploy", std::nullopt, kNow + minutes(41));
  });
  EXPECT_EQ(rollback_target(ledger, {"1", "2", "3"}).release, "1");
}

TEST_F(LedgerTest, TheTargetIsTheNewestGoodOneNotAnOlder) {
  const Ledger ledger = change([](Transaction& tx) {
    adopt(tx, "1", kNow, "ada", "");
    adopt(tx, "2", kNow + minutes(1), "ada", "");
    open_deployment(tx, "3", "deploy", std::nullopt, kNow + minutes(2));
  });
  EXPECT_EQ(rollback_target(ledger, {"1", "2", "3"}).release, "2");
  const RollbackTarget gone = rollback_target(ledger, {"1", "3"});
  EXPECT_EQ(gone.verdict, Verdict::not_kept);
  EXPECT_EQ(gone.release, "2");
}

TEST_F(LedgerTest, EveryReleaseOnTheWayMustBeSafeToGoBackOver) {
  Ledger ledger = change([](Transaction& tx) {
    adopt(tx, "1", kNow, "ada", "");
    open_deployment(tx, "2", "deploy", std::nullopt, kNow + minutes(1));
    open_deployment(tx, "3", "deploy", std::nullopt, kNow + minutes(2));
  });
  EXPECT_EQ(rollback_target(ledger, {"1"}).verdict, Verdict::found);
  for (Release& release : ledger.releases) {
    if (release.name == "2") release.rollback_safe = false;
  }
  const RollbackTarget target = rollback_target(ledger, {"1"});
  EXPECT_EQ(target.verdict, Verdict::not_rollback_safe);
  EXPECT_EQ(target.release, "2");
}

}  // namespace
}  // namespace backstay
