#include "receiver/worker/batch.h"

#include <fstream>

#include "receiver/journal/approval_log.h"
#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using Ids = std::vector<std::int64_t>;

struct BatchTest : test::WorkerFixture {
  BatchTest() {
    driver.on_question = [this]() { ++questions; };
  }
  // One that no rule of the fixture names.
  Event told(const std::string& release = "2") {
    return asks(EventKind::deploy_started, release, "github");
  }
  Ids batch() {
    Ids ids;
    change([&](journal::Transaction& tx) {
      const auto first = next_undecided(tx, clock.now());
      ASSERT_TRUE(first);
      for (const StoredEvent& stored : batch_from(tx, *first, policy)) ids.push_back(stored.id);
    });
    return ids;
  }
  std::int64_t facts_of(std::int64_t event_id) {
    std::int64_t count = 0;
    change([&](journal::Transaction& tx) {
      auto select = tx.prepare("SELECT count(*) FROM facts WHERE event_id = ?");
      if (select.bind(event_id).next()) count = select.integer(0);
    });
    return count;
  }

  int questions = 0;
};

TEST_F(BatchTest, WhatNoRuleNamesGoesTogetherInItsOrder) {
  const Ids ids{*append(told()), *append(told()), *append(told())};
  EXPECT_EQ(batch(), ids);
}

TEST_F(BatchTest, WhatARuleNamesIsDecidedAloneAndInItsTurn) {
  const std::int64_t before = *append(told());
  const std::int64_t named = *append(asks(EventKind::deploy_requested, "2"));
  append(told());
  EXPECT_EQ(batch(), Ids{before});
  worker->work_once({});
  EXPECT_EQ(batch(), Ids{named});
}

TEST_F(BatchTest, APersonsRequestIsDecidedAlone) {
  const std::int64_t asked = *append(asks(EventKind::backup_requested, "", "cli"));
  append(told());
  EXPECT_EQ(batch(), Ids{asked});
}

TEST_F(BatchTest, AnAlertIsDecidedAloneAlsoWhereNoRuleNamesIt) {
  policy.rules.clear();
  for (const EventKind kind : {EventKind::alert_firing, EventKind::alert_resolved}) {
    const std::int64_t before = *append(told());
    const std::int64_t alone = *append(alert(std::string(to_string(kind)), kind));
    append(told());
    EXPECT_EQ(batch(), Ids{before});
    restart();
    worker->work_once({});
    EXPECT_EQ(batch(), Ids{alone});
    work();
  }
}

TEST_F(BatchTest, WhatPeopleWereAskedAboutIsDecidedAlone) {
  policy.mode = Policy::Mode::approve;
  restart();
  const std::int64_t asked = *append(asks(EventKind::deploy_requested, "2"));
  work();
  policy.rules.clear();  // and the rule is gone before they answer
  change([&](journal::Transaction& tx) {
    ASSERT_TRUE(find_approval(tx, asked));
    answer_approval(tx, asked, clock.now(), "approved", "ada", "");
  });
  append(told());
  EXPECT_EQ(batch(), Ids{asked});
}

TEST_F(BatchTest, NoMoreThanTheLimitShareALook) {
  for (int i = 0; i < kSharedLookMax + 10; ++i) append(told());
  EXPECT_EQ(batch().size(), static_cast<std::size_t>(kSharedLookMax));
}

TEST_F(BatchTest, AStormOfThemAsksTheDriverOnceAndJournalsTheFactsOfEach) {
  Ids ids;
  for (int i = 0; i < 2 * kDecidedTogetherMax + 1; ++i) ids.push_back(*append(told("7")));
  work();
  EXPECT_EQ(questions, 1);
  EXPECT_EQ(undecided(), 0);
  for (const std::int64_t id : ids) {
    EXPECT_EQ(decision(id).reason, "happened_elsewhere");
    EXPECT_EQ(facts_of(id), 1);
  }
}

TEST_F(BatchTest, InAStormThoseThatComeInTheNextMomentShareTheNextLook) {
  append(told());
  worker->work_once({});
  append(told());
  clock.on_sleep = [this]() {
    clock.on_sleep = nullptr;
    append(told());
  };
  worker->work_once({});
  EXPECT_EQ(undecided(), 0);
  EXPECT_EQ(questions, 2);
}

TEST_F(BatchTest, WhatARuleNamesNeverWaitsForMore) {
  append(told());
  worker->work_once({});
  append(asks(EventKind::deploy_requested, "2"));
  clock.on_sleep = []() { ADD_FAILURE() << "it waits"; };
  worker->work_once({});
  EXPECT_EQ(undecided(), 0);
}

TEST_F(BatchTest, WhatComesWhileTheDriverIsAskedIsNotDecidedByItsAnswer) {
  append(told());
  std::optional<std::int64_t> late;
  driver.on_question = [&]() {
    if (!late) late = append(told("3"));
  };
  worker->work_once({});
  EXPECT_EQ(facts_of(*late), 0);
  EXPECT_EQ(batch(), Ids{*late});
}

TEST_F(BatchTest, OurOwnEchoesAreKnownInABatchToo) {
  go_live_with_two();
  const Ids ids{*append(told("2")), *append(told("7"))};
  work();
  EXPECT_EQ(decision(ids[0]).reason, "ours");
  EXPECT_EQ(decision(ids[1]).reason, "happened_elsewhere");
}

}  // namespace
}  // namespace backstay
