#include "exporter/collectors/events/event_collector.h"

#include <cmath>
#include <future>

#include "exporter/collectors/on_interval.h"
#include "exporter/collectors/pool.h"
#include "tests/integration/exporter/event_fixture.h"

namespace backstay::collectors {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct EventCollectorTest : EventFixture {
  EventCollectorTest() : EventFixture(*server) {}
  static void SetUpTestSuite() { server = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { server.reset(); }
  void by_kind() { spec.labels = {{"kind", "kind"}}; }
  static inline std::unique_ptr<test::PostgresCluster> server;
};

TEST_F(EventCollectorTest, CountsTheTableOnceAndThenWhatIsNew) {
  by_kind();
  insert(1000, "now() - interval '1 day'");
  insert(2, "now()", "b");
  EXPECT_EQ(shown(), "a=1000 b=2");
  insert(1, "now()", "b");
  EXPECT_EQ(shown(), "a=1000 b=3");
  settle();
  EXPECT_EQ(shown(), "a=1000 b=3");
}

TEST_F(EventCollectorTest, RowsWithoutATimeAreNoEvents) {
  insert(3, "NULL");
  insert(2);
  EXPECT_EQ(shown(), "2");
  execute("UPDATE events SET at = now() WHERE at IS NULL");
  EXPECT_EQ(shown(), "5");
}

TEST_F(EventCollectorTest, ConditionsAndLabelsAreExpressions) {
  spec.labels = {{"size", "CASE WHEN size > 10 THEN 'large' ELSE 'small' END"}};
  spec.where = "kind = 'a' OR kind = 'b'";
  execute("INSERT INTO events VALUES (now(), 'a', 1), (now(), 'b', 11), (now(), 'c', 12)");
  EXPECT_EQ(shown(), "large=1 small=1");
}

TEST_F(EventCollectorTest, ACounterOfValuesAddsThem) {
  spec.value = "size";
  execute(
      "INSERT INTO events VALUES (now() - interval '1 hour', 'a', 1.5), (now(), 'a', 2),"
      " (now(), 'a', NULL)");
  EXPECT_EQ(shown(), "3.5");
  execute("INSERT INTO events VALUES (now(), 'a', 0.25)");
  EXPECT_EQ(shown(), "3.75");
}

TEST_F(EventCollectorTest, AHistogramHasEveryObservationOnce) {
  spec.type = metrics::Type::histogram;
  spec.value = "size";
  spec.buckets = {1, 10};
  execute(
      "INSERT INTO events VALUES (now() - interval '1 hour', 'a', 0.5),"
      " (now() - interval '1 hour', 'a', 1), (now(), 'a', 10), (now(), 'a', 99),"
      " (now(), 'a', NULL)");
  for (int i = 0; i < 3; ++i) {
    const auto families = collect();
    ASSERT_TRUE(families) << families.error().message;
    const metrics::Histogram& histogram = families->front().samples.at(0).histogram;
    EXPECT_EQ(histogram.buckets, (std::vector<std::pair<double, std::uint64_t>>{{1, 2}, {10, 3}}));
    EXPECT_EQ(histogram.count, 4U);
    EXPECT_EQ(histogram.sum, 110.5);
    settle();
  }
}

TEST_F(EventCollectorTest, ANegativeValueMustBeAGauge) {
  spec.value = "size";
  execute("INSERT INTO events VALUES (now(), 'a', 5), (now(), 'a', -1)");
  EXPECT_EQ(failure(), "a value is negative: what can fall must be a gauge, read by sql");
  execute("UPDATE events SET size = 'NaN' WHERE size < 0");
  EXPECT_EQ(failure(), "a value is no finite number");
}

TEST_F(EventCollectorTest, ATimeWithoutAZoneIsRefused) {
  spec.time = "at::timestamp";
  EXPECT_EQ(failure(),
            "events.time is of type timestamp without time zone, and must be timestamp with time "
            "zone");
}

TEST_F(EventCollectorTest, ErrorsAreTheServersWords) {
  spec.table = "nowhere";
  EXPECT_NE(failure().find("relation \"nowhere\" does not exist"), std::string::npos);
}

TEST_F(EventCollectorTest, GoesOnAfterDelete) {
  spec.settle = minutes(1);  // so that the ten are not final yet
  insert(100, "now() - interval '1 hour'");
  insert(10);
  EXPECT_EQ(shown(), "110");
  execute("DELETE FROM events");
  insert(5);
  EXPECT_EQ(shown(), "115");
  EXPECT_EQ(status("vanished_total"), 10);
}

TEST_F(EventCollectorTest, GoesOnAfterTruncateThoughNewRowsCameBeforeTheNextCount) {
  insert(100, "now() - interval '1 hour'");
  insert(10);
  EXPECT_EQ(shown(), "110");
  execute("TRUNCATE events");
  insert(5);
  EXPECT_EQ(shown(), "115");
  restart();
  insert(1);
  EXPECT_EQ(shown(), "116");
}

TEST_F(EventCollectorTest, GoesOnAfterRowsDatedInTheFutureVanished) {
  insert(10);
  insert(5, "now() + interval '1 hour'");
  EXPECT_EQ(shown(), "15");
  execute("DELETE FROM events WHERE at > now()");
  insert(2);
  EXPECT_EQ(shown(), "17");
  EXPECT_EQ(status("vanished_total"), 5);
  settle();
  EXPECT_EQ(shown(), "17");
}

// Among them what has no end, and what is in no reach of microseconds.
TEST_F(EventCollectorTest, RowsOfNoDateAreCountedOnce) {
  execute(
      "INSERT INTO events VALUES ('infinity'), ('-infinity'), ('9999-12-31 23:59:59.999999+00'),"
      " ('3000-01-01 00:00:00.123457+00'), ('20000-01-01 00:00:00+00')");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(shown(), "5");
  restart();
  EXPECT_EQ(shown(), "5");
  EXPECT_EQ(status("vanished_total"), 0);
  execute("DELETE FROM events WHERE at = 'infinity'");
  insert(1);
  EXPECT_EQ(shown(), "6");
}

TEST_F(EventCollectorTest, GoesOnAfterTruncateThoughTheClockOfTheApplicationIsAhead) {
  spec.settle = minutes(1);
  insert(5, "now() + interval '20 seconds'");
  EXPECT_EQ(shown(), "5");
  execute("TRUNCATE events");
  restart();
  insert(3, "now() + interval '20 seconds'");
  EXPECT_EQ(shown(), "8");
  EXPECT_EQ(status("vanished_total"), 5);
}

TEST_F(EventCollectorTest, RowsDatedInTheFutureAreCountedOnceWhenTheirTimeHasCome) {
  insert(5, "now() + interval '150 milliseconds'");
  EXPECT_EQ(shown(), "5");
  settle();
  EXPECT_EQ(shown(), "5");
  EXPECT_EQ(status("vanished_total"), 0);
}

TEST_F(EventCollectorTest, GoesOnWithARestoredDatabase) {
  insert(100, "now() - interval '1 day'");
  execute("CREATE TABLE backup AS SELECT * FROM events");
  insert(20);
  EXPECT_EQ(shown(), "120");
  settle();
  execute(std::string(kTable) + "; INSERT INTO events SELECT * FROM backup; DROP TABLE backup");
  EXPECT_EQ(shown(), "120");
  insert(3);
  EXPECT_EQ(shown(), "123");
  clock.advance(hours(30));
  EXPECT_EQ(shown(), "123") << "and a recount keeps what the backup lacks";
  EXPECT_EQ(status("vanished_total"), 20);
}

TEST_F(EventCollectorTest, GoesOnAfterARestart) {
  by_kind();
  insert(100, "now() - interval '1 hour'");
  insert(10, "now()", "b");
  EXPECT_EQ(shown(), "a=100 b=10");
  execute("DELETE FROM events WHERE kind = 'a'");
  restart();
  insert(1, "now()", "b");
  EXPECT_EQ(shown(), "a=100 b=11");
}

TEST_F(EventCollectorTest, WhatCannotBeSavedIsNotShown) {
  insert(10);
  EXPECT_EQ(shown(), "10");
  insert(5);
  store.is_full = true;
  EXPECT_EQ(failure(), "the totals cannot be saved: No space left on device");
  restart();
  EXPECT_EQ(failure(), "the totals cannot be saved: No space left on device");
  store.is_full = false;
  EXPECT_EQ(shown(), "15");
}

TEST_F(EventCollectorTest, ADamagedStateIsSetAsideAndSaidSo) {
  insert(10);
  EXPECT_EQ(shown(), "10");
  store.texts.at(spec.name) = "{";
  restart();
  EXPECT_EQ(shown(), "10");
  EXPECT_EQ(status("state_resets_total", "damaged"), 1);
  EXPECT_EQ(store.texts.at(spec.name + ".damaged"), "{");
}

TEST_F(EventCollectorTest, AnotherDefinitionBeginsAnew) {
  insert(10);
  EXPECT_EQ(shown(), "10");
  insert(2, "now()", "b");
  spec.where = "kind = 'b'";
  restart();
  EXPECT_EQ(shown(), "2");
  EXPECT_EQ(status("state_resets_total", "definition_changed"), 1);
}

TEST_F(EventCollectorTest, TheStateOfANewerVersionIsNotTouched) {
  insert(10);
  EXPECT_EQ(shown(), "10");
  std::string& text = store.texts.at(spec.name);
  text.replace(text.find("\"format\":1"), 10, "\"format\":9");
  const std::string newer = text;
  restart();
  EXPECT_EQ(failure(), "the state was written by a newer version of this program");
  EXPECT_EQ(store.texts.at(spec.name), newer);
}

TEST_F(EventCollectorTest, LateRowsAreMendedByARecountAndCountedAsLate) {
  insert(10, "now() - interval '2 hours'");
  insert(1);
  EXPECT_EQ(shown(), "11");
  EXPECT_EQ(status("late_total"), 0);
  insert(4, "now() - interval '1 hour'");  // an import
  EXPECT_EQ(shown(), "11");
  clock.advance(hours(20));
  EXPECT_EQ(shown(), "11") << "not due yet";
  clock.advance(hours(7));
  EXPECT_EQ(shown(), "15");
  EXPECT_EQ(status("late_total"), 4);
  EXPECT_EQ(status("vanished_total"), 0);
  restart();
  EXPECT_EQ(shown(), "15");
  EXPECT_EQ(status("late_total"), 4);
}

TEST_F(EventCollectorTest, SettleCoversTimesThatAreOlderThanTheirTransaction) {
  spec.settle = minutes(1);
  EXPECT_EQ(shown(), "0");
  insert(4, "now() - interval '50 seconds'");
  EXPECT_EQ(shown(), "4");
  EXPECT_EQ(status("tail_rows"), 4);
}

TEST_F(EventCollectorTest, NewLabelsBeyondTheCapAreOtherThroughRestarts) {
  by_kind();
  spec.series_max = 2;
  insert(5, "now()", "a");
  insert(4, "now()", "b");
  insert(1, "now()", "c");
  EXPECT_EQ(shown(), "a=5 b=4 other=1");
  restart();
  spec.series_max = 10;
  insert(9, "now()", "c");
  insert(1, "now()", "d");
  EXPECT_EQ(shown(), "a=5 b=4 other=11");
  settle();
  EXPECT_EQ(shown(), "a=5 b=4 other=11");
}

// More than memory should hold, by a label that was not thought through.
struct ManyLabelSetsTest : EventCollectorTest {
  ManyLabelSetsTest() {
    by_kind();
    spec.series_max = 2;
    execute(
        "INSERT INTO events SELECT now() - interval '1 hour', 'it''s \\' || n"
        " FROM generate_series(1, 100001) n");
    insert(5, "now() - interval '1 hour'", "a");
    insert(3, "now() - interval '1 hour'", "b''\\");
  }
};

TEST_F(ManyLabelSetsTest, TheBusiestAreLetInAndTheRestIsOther) {
  EXPECT_EQ(shown(), "a=5 b'\\=3 other=100001");
  EXPECT_EQ(status("full"), 1);
  insert(1, "now()", "a");
  insert(2, "now()", "new");
  EXPECT_EQ(shown(), "a=6 b'\\=3 other=100003");
  restart();
  insert(1, "now()", "b''\\");
  EXPECT_EQ(shown(), "a=6 b'\\=4 other=100003");
  EXPECT_EQ(status("vanished_total"), 0);
}

TEST_F(ManyLabelSetsTest, ARecountFindsWhatCameLate) {
  EXPECT_EQ(shown(), "a=5 b'\\=3 other=100001");
  insert(1, "now() - interval '30 minutes'", "a");
  insert(2, "now() - interval '30 minutes'", "late");
  restart();
  clock.advance(hours(30));
  EXPECT_EQ(shown(), "a=6 b'\\=3 other=100003");
  EXPECT_EQ(status("recounts_failed_total"), 0);
  EXPECT_EQ(status("late_total"), 3);
}

TEST_F(ManyLabelSetsTest, SoDoesAHistogram) {
  spec.type = metrics::Type::histogram;
  spec.value = "coalesce(size, 1)";
  spec.buckets = {1, 2};
  const auto families = collect();
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->front().samples.size(), 3U);
  const metrics::Sample& other = families->front().samples.at(2);
  EXPECT_EQ(other.labels, (metrics::Labels{{"kind", "other"}}));
  EXPECT_EQ(other.histogram.count, 100001U);
  EXPECT_EQ(other.histogram.sum, 100001);
}

// Each row takes longer than a statement may. The rest after a count is nine times as long as that.
struct SlowEventCollectorTest : EventCollectorTest {
  SlowEventCollectorTest() {
    spec.where = "pg_sleep(1.5) IS NOT NULL";
    insert(1, "now() - interval '1 hour'");
    statement_timeout = milliseconds(700);
  }
};

TEST_F(SlowEventCollectorTest, ACountThatRanOutOfTimeGetsMore) {
  EXPECT_NE(failure().find("statement timeout"), std::string::npos);
  EXPECT_EQ(shown(), "1");
}

TEST_F(SlowEventCollectorTest, LongCountsTakeTurns) {
  EXPECT_NE(failure().find("statement timeout"), std::string::npos);
  {
    const SlowTurn::Taken another(turn);
    EXPECT_EQ(failure(), "a long count waits until another one is done");
  }
  EXPECT_EQ(shown(), "1");
}

TEST_F(SlowEventCollectorTest, ALongCountIsFollowedByARest) {
  spec.schedule.interval = milliseconds(1);
  EXPECT_NE(failure().find("statement timeout"), std::string::npos);
  EXPECT_EQ(shown(), "1");
  insert(1);
  EXPECT_EQ(shown(), "1") << "the last one took long";
  clock.advance(minutes(4));
  EXPECT_EQ(shown(), "2");
}

// Scrapes see what the last run brought for max_age: one that only rests brings nothing new.
TEST_F(SlowEventCollectorTest, ARestMakesNothingYounger) {
  spec.schedule = {milliseconds(1), seconds(10), seconds(30)};
  Pool pool(SecretSource::literal(Secret(server->url("postgres"))), 1, clock);
  const auto on_interval = std::make_shared<OnInterval>(
      std::make_shared<Measured>(
          std::make_unique<EventCollector>(spec, EventServices{store, report, turn, clock}), pool,
          RunnerLimits{}, clock),
      clock);
  const auto run = [&]() {
    on_interval->tick(0);
    std::promise<void> done;  // the pool's one thread works in order
    pool.submit_beside([](pg::Connection&) { return metrics::Snapshot(); },
                       [&done](const Result<metrics::Snapshot>&, bool) { done.set_value(); });
    done.get_future().wait();
  };
  run();
  ASSERT_TRUE(on_interval->fresh()) << on_interval->last()->problem;
  clock.advance(seconds(5));
  run();
  ASSERT_EQ(on_interval->last()->problem, "");
  EXPECT_TRUE(on_interval->fresh());
  clock.advance(seconds(6));
  EXPECT_FALSE(on_interval->fresh());
}

TEST_F(SlowEventCollectorTest, NothingIsShownLongerThanMaxAge) {
  spec.schedule.interval = milliseconds(1);
  spec.schedule.max_age = seconds(8);
  EXPECT_NE(failure().find("statement timeout"), std::string::npos);
  EXPECT_EQ(shown(), "1");
  clock.advance(seconds(8));
  EXPECT_NE(failure().find("the last count is "), std::string::npos);
  clock.advance(minutes(4));
  EXPECT_EQ(shown(), "1");
}

}  // namespace
}  // namespace backstay::collectors
