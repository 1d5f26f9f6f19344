#include "exporter/collectors/events/event_totals.h"

#include <gtest/gtest.h>

#include "exporter/collectors/events/event_bound.h"

namespace backstay::collectors {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

EventTime at(int second) { return EventTime(seconds(second)); }

EventGroup final_rows(LabelValues labels, Components components, bool was_seen = true) {
  return {std::move(labels), true, was_seen, false, true, {}, {}, std::move(components)};
}
EventGroup tail_rows(LabelValues labels, Components components, bool was_seen = false) {
  return {std::move(labels), false, was_seen, false, true, {}, {}, std::move(components)};
}
// Of the tail, those that were ahead of the last count's clock, or dated as if.
EventGroup once_ahead(LabelValues labels, Components components) {
  return {std::move(labels), false, false, true, true, {}, {}, std::move(components)};
}
EventGroup rows_ahead(LabelValues labels, Components components, bool was_ahead = false,
                      std::optional<EventTime> newest = {},
                      std::optional<EventTime> oldest_far = {}) {
  return {std::move(labels),    false, false, was_ahead, false, newest, oldest_far,
          std::move(components)};
}

// One collector's totals through a row of counts, ten seconds apart.
struct EventTotalsTest : ::testing::Test {
  EventTotalsTest() {
    spec.name = "a_total";
    spec.labels = {{"x", "x"}};
  }
  void count(const std::vector<EventGroup>& groups) {
    clock += 10;
    const EventWindow window{totals.final_before, std::nullopt, at(clock - 60),
                             totals.seen,         at(clock),    at(clock + 60)};
    totals = after_count(spec, std::move(totals), window, groups);
  }
  void recount(const std::vector<EventGroup>& groups) {
    totals = after_recount(spec, std::move(totals), groups, WallTime(seconds(clock)));
  }
  // "x=value x=value"
  std::string shown() const {
    std::string text;
    for (const metrics::Sample& sample : to_family(spec, totals).samples) {
      for (const auto& [name, value] : sample.labels.pairs()) text += value + "=";
      text += std::to_string(static_cast<long>(sample.value)) + " ";
    }
    return text;
  }
  EventSpec spec;
  EventTotals totals;
  int clock = 1000;
};

TEST_F(EventTotalsTest, CountsEachEventOnce) {
  count({final_rows({"a"}, {100}, false), tail_rows({"a"}, {5}), tail_rows({"b"}, {1})});
  EXPECT_EQ(shown(), "a=105 b=1 ");
  // Three of the five became final, two stay, four are new.
  count({final_rows({"a"}, {3}), tail_rows({"a"}, {2}, true), tail_rows({"a"}, {4}),
         tail_rows({"b"}, {1}, true)});
  EXPECT_EQ(shown(), "a=109 b=1 ");
  count({final_rows({"a"}, {6}), final_rows({"b"}, {1})});
  count({});
  EXPECT_EQ(shown(), "a=109 b=1 ");
  EXPECT_EQ(totals.vanished_events, 0);
}

TEST_F(EventTotalsTest, RowsOfALongTransactionAppearAmongThoseThatWereSeen) {
  count({tail_rows({"a"}, {5})});
  count({tail_rows({"a"}, {5 + 1000}, true), tail_rows({"a"}, {1})});
  EXPECT_EQ(shown(), "a=1006 ");
}

TEST_F(EventTotalsTest, GoesOnAfterTheTableWasEmptied) {
  count({final_rows({"a"}, {100}, false), tail_rows({"a"}, {50})});
  count({tail_rows({"a"}, {5})});  // all of it is new
  EXPECT_EQ(shown(), "a=155 ");
  EXPECT_EQ(totals.vanished_events, 50);
  count({tail_rows({"a"}, {5}, true), tail_rows({"a"}, {2})});
  EXPECT_EQ(shown(), "a=157 ");
}

TEST_F(EventTotalsTest, ALabelSetThatIsGoneStays) {
  count({tail_rows({"a"}, {5}), tail_rows({"b"}, {7})});
  count({});
  EXPECT_EQ(shown(), "a=5 b=7 ");
  EXPECT_EQ(totals.vanished_events, 12);
}

TEST_F(EventTotalsTest, GoesOnAfterRowsDatedInTheFutureVanished) {
  count({rows_ahead({"a"}, {5})});
  EXPECT_EQ(shown(), "a=5 ");
  count({tail_rows({"a"}, {2})});
  EXPECT_EQ(shown(), "a=7 ");
  EXPECT_EQ(totals.vanished_events, 5);
  count({tail_rows({"a"}, {2}, true), tail_rows({"a"}, {1})});
  EXPECT_EQ(shown(), "a=8 ");
}

TEST_F(EventTotalsTest, RowsDatedInTheFutureAreCountedOnceWhenTheirTimeHasCome) {
  count({rows_ahead({"a"}, {5})});
  count({rows_ahead({"a"}, {4}, true), once_ahead({"a"}, {1})});
  count({rows_ahead({"a"}, {2}, true), once_ahead({"a"}, {2}), tail_rows({"a"}, {1}, true)});
  count({once_ahead({"a"}, {2}), final_rows({"a"}, {3})});
  EXPECT_EQ(shown(), "a=5 ");
  EXPECT_EQ(totals.vanished_events, 0);
}

// As when new rows are dated among those that were ahead: which is which cannot be told.
TEST_F(EventTotalsTest, ATotalNeverFallsWhereNewRowsHideThoseThatVanished) {
  count({rows_ahead({"a"}, {5})});
  count({once_ahead({"a"}, {2})});
  EXPECT_EQ(shown(), "a=5 ");
  EXPECT_EQ(totals.vanished_events, 3);
}

TEST_F(EventTotalsTest, RemembersWhereTheRowsAheadOfTheClockWere) {
  count({rows_ahead({"a"}, {5}, false, at(1012)), rows_ahead({"b"}, {1}, false, at(1011)),
         rows_ahead({"c"}, {1}, false, {}, at(5000)), rows_ahead({"d"}, {1}, false, {}, at(4000)),
         tail_rows({"a"}, {1})});
  EXPECT_EQ(totals.seen.before, at(1010));
  EXPECT_EQ(totals.seen.ahead_before, at(1012) + microseconds(1));
  EXPECT_EQ(totals.seen.far_from, at(4000));
  count({rows_ahead({"a"}, {1}, false, {}, at(1079))});
  EXPECT_EQ(totals.seen.ahead_before, std::nullopt);
  EXPECT_EQ(totals.seen.far_from, at(1080)) << "never among those that are a little ahead";
}

TEST_F(EventTotalsTest, ARecountAddsWhatCameLate) {
  count({final_rows({"a"}, {100}, false), tail_rows({"a"}, {5})});
  recount({final_rows({"a"}, {103}), final_rows({"c"}, {2})});
  EXPECT_EQ(shown(), "a=108 c=2 ");
  EXPECT_EQ(totals.late_events, 5);
  EXPECT_EQ(totals.recounted_at, WallTime(seconds(clock)));
  recount({final_rows({"a"}, {103}), final_rows({"c"}, {2})});
  count({tail_rows({"a"}, {5}, true)});
  EXPECT_EQ(shown(), "a=108 c=2 ");
  EXPECT_EQ(totals.late_events, 5);
}

TEST_F(EventTotalsTest, ARecountKeepsWhatWasDeleted) {
  count({final_rows({"a"}, {100}, false)});
  recount({final_rows({"a"}, {40})});
  EXPECT_EQ(shown(), "a=100 ");
  EXPECT_EQ(totals.vanished_events, 60);
  recount({final_rows({"a"}, {41})});  // one came late since
  EXPECT_EQ(shown(), "a=101 ");
}

TEST_F(EventTotalsTest, TheBusiestAreLetInAndTheRestIsOtherForEver) {
  spec.series_max = 2;
  count(
      {tail_rows({"a"}, {1}), tail_rows({"b"}, {5}), tail_rows({"c"}, {3}), tail_rows({"d"}, {1})});
  EXPECT_EQ(shown(), "b=5 c=3 other=2 ");
  spec.series_max = 50;
  count({tail_rows({"a"}, {9}), tail_rows({"b"}, {5}, true), tail_rows({"c"}, {3}, true),
         tail_rows({"a"}, {1}, true), tail_rows({"d"}, {1}, true), tail_rows({"e"}, {1})});
  EXPECT_EQ(shown(), "b=5 c=3 other=12 ");
  EXPECT_EQ(totals.vanished_events, 0);
}

TEST_F(EventTotalsTest, TheBusiestOfTooManyFillItUp) {
  spec.series_max = 2;
  totals = filled_up(spec, {}, {{{"a"}, 1}, {{"b"}, 9}, {{"c"}, 5}});
  EXPECT_EQ(shown(), "b=0 c=0 other=0 ");
  count({tail_rows({"b"}, {9}), tail_rows({"c"}, {5}), tail_rows({"other"}, {1})});
  EXPECT_EQ(shown(), "b=9 c=5 other=1 ");
}

TEST_F(EventTotalsTest, KnownLabelsAreThereFromTheStart) {
  spec.zero_fill = {"p", "q"};
  add_known_series(spec, totals);
  EXPECT_EQ(shown(), "p=0 q=0 ");
  spec.labels = {};
  spec.zero_fill = {};
  totals = {};
  add_known_series(spec, totals);
  EXPECT_EQ(shown(), "0 ");
}

TEST_F(EventTotalsTest, AHistogramStaysWhole) {
  spec.type = metrics::Type::histogram;
  spec.value = "v";
  spec.buckets = {1, 2};
  spec.labels = {};
  // events, sum, up to 1, up to 2, above
  count({final_rows({}, {4, 9.5, 1, 2, 1}, false), tail_rows({}, {1, 0.5, 1, 0, 0})});
  count({tail_rows({}, {1, 5, 0, 0, 1})});  // the one of the tail is gone, another is new
  const metrics::Family family = to_family(spec, totals);
  ASSERT_EQ(family.samples.size(), 1U);
  const metrics::Histogram& histogram = family.samples[0].histogram;
  EXPECT_EQ(histogram.buckets, (std::vector<std::pair<double, std::uint64_t>>{{1, 2}, {2, 4}}));
  EXPECT_EQ(histogram.count, 6U);
  EXPECT_EQ(histogram.sum, 15);
}

TEST_F(EventTotalsTest, TheLastDigitsOfASumAreNoLoss) {
  spec.value = "v";
  count({tail_rows({"a"}, {3, 0.1 + 0.2 + 0.3})});
  count({tail_rows({"a"}, {3, 0.3 + 0.2 + 0.1}, true)});
  EXPECT_EQ(totals.vanished_events, 0);
  EXPECT_LT(totals.series.at({"a"}).base[1], 1e-9);
  EXPECT_EQ(totals.series.at({"a"}).shown[1], 0.1 + 0.2 + 0.3);
}

TEST_F(EventTotalsTest, TheWindowEndsBeforeTheOldestTransactionLessSettle) {
  const Bound bound{at(1000), at(900), {}};
  const EventWindow first = next_window({}, bound, seconds(60));
  EXPECT_FALSE(first.from);
  EXPECT_FALSE(first.until);
  EXPECT_FALSE(first.seen.before);
  EXPECT_EQ(first.final_before, at(840));
  EXPECT_EQ(first.clock, at(1000));
  EXPECT_EQ(first.far_from, at(1060));
  totals.final_before = at(800);
  totals.seen.before = at(950);
  const EventWindow next = next_window(totals, bound, seconds(60));
  EXPECT_EQ(next.from, at(800));
  EXPECT_EQ(next.final_before, at(840));
  EXPECT_EQ(next.seen.before, at(950));
}

TEST_F(EventTotalsTest, TheBoundNeverGoesBackAndStandsStillWhileItIsHeld) {
  totals.final_before = at(800);
  EXPECT_EQ(next_window(totals, {at(1000), at(500), {}}, seconds(60)).final_before, at(800));
  const Bound held{at(1000), at(1000), {Hold::prepared_transaction}};
  EXPECT_EQ(next_window(totals, held, seconds(60)).final_before, at(800));
  EXPECT_FALSE(next_window({}, held, seconds(60)).final_before);
}

TEST(EventTimeTest, IsWrittenWithMicroseconds) {
  EXPECT_EQ(format_event_time(EventTime(microseconds(1'795'420'800'250'007))),
            "2026-11-23T08:00:00.250007Z");
  EXPECT_EQ(format_event_time(EventTime(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace backstay::collectors
