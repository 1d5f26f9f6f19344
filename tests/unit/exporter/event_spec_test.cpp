#include "exporter/collectors/events/event_spec.h"

#include <gtest/gtest.h>

#include "exporter/collectors/sql/sql_catalog.h"

namespace backstay::collectors {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Read {
  EventSpec spec;
  std::string faults;
};

Read read(const std::string& yaml) {
  auto node = ConfigNode::parse(yaml, "c.yml");
  if (!node) return {{}, node.error().message};
  Read read{read_event_spec(*node), ""};
  if (const auto finished = node->finish(); !finished) read.faults = finished.error().message;
  return read;
}

// What is wrong with a counter of these keys.
std::string fault_of(const std::string& keys) {
  return read("{name: a, help: h, " + keys + "}").faults;
}

TEST(EventSpecTest, ReadsACounter) {
  const auto [spec, faults] = read(R"(
name: invitations_created_total
help: Invitations ever created.
type: counter
events: {table: invitations, time: created_at}
)");
  EXPECT_EQ(faults, "");
  EXPECT_EQ(spec.name, "invitations_created_total");
  EXPECT_EQ(spec.type, metrics::Type::counter);
  EXPECT_EQ(spec.table, "invitations");
  EXPECT_EQ(spec.time, "created_at");
  EXPECT_EQ(spec.settle, minutes(1));
  EXPECT_EQ(spec.reconcile, hours(24));
  EXPECT_EQ(spec.schedule.interval, seconds(10));
  EXPECT_EQ(spec.schedule.max_age, minutes(5));
  EXPECT_EQ(spec.schedule.timeout, seconds(30));
}

TEST(EventSpecTest, ReadsAHistogramWithAllKeys) {
  const auto [spec, faults] = read(R"(
name: invitation_answer_seconds
help: Time to answer.
type: histogram
buckets: [60, 3600, 86400.5]
zero_fill: [accepted]
max_series: 7
interval: 20s
max_age: 1m
timeout: 2s
events:
  table: invitations
  time: answered_at
  labels: {outcome: lower(status)}
  value: extract(epoch FROM answered_at - created_at)
  where: answered_at IS NOT NULL
  settle: 5s
  reconcile: 6h
  slow_timeout: 10m
)");
  EXPECT_EQ(faults, "");
  EXPECT_EQ(spec.type, metrics::Type::histogram);
  EXPECT_EQ(spec.buckets, (std::vector<double>{60, 3600, 86400.5}));
  ASSERT_EQ(spec.labels.size(), 1U);
  EXPECT_EQ(spec.labels[0].name, "outcome");
  EXPECT_EQ(spec.labels[0].sql, "lower(status)");
  EXPECT_EQ(spec.value, "extract(epoch FROM answered_at - created_at)");
  EXPECT_EQ(spec.where, "answered_at IS NOT NULL");
  EXPECT_EQ(spec.series_max, 7U);
  EXPECT_EQ(spec.settle, seconds(5));
  EXPECT_EQ(spec.reconcile, hours(6));
  EXPECT_EQ(spec.slow_timeout, minutes(10));
  EXPECT_EQ(spec.schedule.interval, seconds(20));
}

TEST(EventSpecTest, AColumnIsALabelEvenWhereItIsAWordOfSql) {
  const auto [spec, faults] =
      read("{name: a, help: h, type: counter, events: {table: t, time: at, labels: [user, b]}}");
  EXPECT_EQ(faults, "");
  ASSERT_EQ(spec.labels.size(), 2U);
  EXPECT_EQ(spec.labels[0].sql, "\"user\"");
}

TEST(EventSpecTest, WhatIsNoStreamOfEventsMustBeAGauge) {
  EXPECT_EQ(fault_of("type: gauge, events: {table: t, time: at}"),
            "c.yml:1: type: events only ever become more: a gauge is read by sql");
  EXPECT_EQ(fault_of("events: {table: t, time: at}"),
            "c.yml:1: events: type is missing: counter or histogram");
}

TEST(EventSpecTest, TellsAllThatIsWrong) {
  EXPECT_EQ(fault_of("type: counter, sql: SELECT 1, labels: [x], buckets: [1], events: {}"),
            "c.yml:1: buckets: only a histogram has them\n"
            "c.yml:1: events.table: is missing\n"
            "c.yml:1: events.time: is missing\n"
            "c.yml:1: sql: either sql or events\n"
            "c.yml:1: labels: belongs into events");
  EXPECT_EQ(fault_of("type: histogram, events: {table: t, time: at}"),
            "c.yml:1: type: a histogram needs buckets\n"
            "c.yml:1: events: value is missing");
  EXPECT_EQ(fault_of("type: counter, zero_fill: [x], events: {table: t, time: at}"),
            "c.yml:1: zero_fill: needs exactly one label");
}

TEST(EventSpecTest, RefusesBucketsThatAreNoRisingNumbers) {
  const std::string events = "type: histogram, events: {table: t, time: at, value: v}, buckets: ";
  EXPECT_EQ(fault_of(events + "[1, x]"), "c.yml:1: buckets: \"x\" is no number");
  EXPECT_EQ(fault_of(events + "[2, 1]"), "c.yml:1: buckets: the bounds must rise");
  EXPECT_EQ(fault_of(events + "[1, 1]"), "c.yml:1: buckets: the bounds must rise");
  EXPECT_EQ(fault_of(events + "[1, .inf]"), "c.yml:1: buckets: \".inf\" is no number");
}

TEST(EventSpecTest, RefusesLabelsThatWouldCostTheWholeScrape) {
  const auto fault = [](const std::string& labels) {
    return fault_of("type: counter, events: {table: t, time: at, labels: " + labels + "}");
  };
  EXPECT_EQ(fault("[a-b]"), "c.yml:1: events.labels: \"a-b\" is not a label's name");
  EXPECT_EQ(fault("{le: x}"), "c.yml:1: events.labels: \"le\" is not a label's name");
  EXPECT_EQ(fault("{__name__: x}"), "c.yml:1: events.labels: \"__name__\" is not a label's name");
  EXPECT_EQ(fault("[x, x]"), "c.yml:1: events.labels: x is there twice");
}

TEST(EventSpecTest, TheDefinitionIsWhatTheTotalsMean) {
  EventSpec spec;
  spec.table = "t";
  spec.time = "at";
  spec.labels = {{"x", "y"}};
  const std::string before = definition_of(spec);
  EventSpec same = spec;
  same.help = "Other words.";
  same.settle = seconds(2);
  same.series_max = 3;
  EXPECT_EQ(definition_of(same), before);
  EventSpec changed = spec;
  changed.where = "z";
  EXPECT_NE(definition_of(changed), before);
  changed = spec;
  changed.value = "v";
  EXPECT_NE(definition_of(changed), before);
  changed.buckets = {1, 2.5};
  EXPECT_NE(definition_of(changed), before);
  changed = spec;
  changed.labels[0].sql = "lower(y)";
  EXPECT_NE(definition_of(changed), before);
}

}  // namespace
}  // namespace backstay::collectors
