#include "exporter/metrics/exposition.h"

#include <fstream>
#include <limits>
#include <locale>
#include <sstream>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "exporter/metrics/registry_families.h"

namespace backstay::metrics {
namespace {

Family family(const std::string& name, Type type, std::vector<Sample> samples,
              const std::string& help = "Help.") {
  return {name, help, type, std::move(samples)};
}

std::string text_of(const Families& families) {
  return expose({Snapshot(families)}, Format::text).text;
}

std::string openmetrics_of(const Families& families) {
  return expose({Snapshot(families)}, Format::openmetrics).text;
}

std::string golden(const std::string& name) {
  std::ifstream file(BACKSTAY_SOURCE_DIR "/tests/golden/exporter/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Sample histogram(Labels labels) {
  Sample sample{std::move(labels), 0, {}};
  sample.histogram = {{{0.005, 1}, {0.1, 3}, {1, 3}, {2.5, 4}}, 6, 27.125};
  return sample;
}

// One of everything, with the values and texts that are easily written wrongly.
Families everything() {
  const double infinity = std::numeric_limits<double>::infinity();
  return {
      family("zulu_last", Type::gauge, {{{}, 1, {}}}),
      family("requests_total", Type::counter,
             {{{{"route", "/a"}}, 9'007'199'254'740'991, {}}, {{{"route", "/b"}}, 0, {}}}),
      family("values", Type::gauge,
             {{{{"of", "half"}}, 0.5, {}},
              {{{"of", "negative"}}, -1.25, {}},
              {{{"of", "small"}}, 1e-9, {}},
              {{{"of", "large"}}, 1e21, {}},
              {{{"of", "thousands"}}, 1'234'567.5, {}},
              {{{"of", "infinity"}}, infinity, {}},
              {{{"of", "time"}}, 1'795'420'800.25, {}}}),
      family("texts", Type::untyped,
             {{{{"with", "quote \" backslash \\ newline \n end"}}, 1, {}},
              {{{"with", "größer {a=\"b\"} 1"}}, 2, {}},
              {{{"with", ""}}, 3, {}}},
             "A newline \n and a backslash \\ end no line."),
      family("seconds", Type::histogram, {histogram({{"route", "/a"}}), histogram({})}),
      family("nobody_knows", Type::gauge, {}),
  };
}

// How to look at a change: build/dev/bin/unit_exporter --gtest_filter='*GoldenFile' prints both.
TEST(Exposition, TextIsTheGoldenFileByteForByte) {
  EXPECT_EQ(text_of(everything()), golden("exposition.txt"));
}

// tests/e2e/scrape_test.py has a strict parser read it.
TEST(Exposition, OpenMetricsIsTheGoldenFileByteForByte) {
  EXPECT_EQ(openmetrics_of(everything()), golden("exposition.openmetrics.txt"));
}

prometheus::MetricFamily in_registry(const std::string& name, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = "Help of " + name + ".";
  family.type = type;
  return family;
}

// All that prometheus-cpp writes rightly. It writes at most 16 digits, Nan, and HELP as it is.
std::vector<prometheus::MetricFamily> what_prometheus_cpp_can_write() {
  using prometheus::MetricType;
  prometheus::MetricFamily counters = in_registry("a_total", MetricType::Counter);
  prometheus::MetricFamily gauges = in_registry("b", MetricType::Gauge);
  prometheus::MetricFamily untyped = in_registry("c", MetricType::Untyped);
  prometheus::MetricFamily histograms = in_registry("d_seconds", MetricType::Histogram);
  for (double value : {0.0, 0.5, 1.0, 0.1, 1e-5, 0.0001, 1e15, 1e16, 1e21, 123456.789, -2.5}) {
    prometheus::ClientMetric metric;
    metric.label = {{"n", std::to_string(gauges.metric.size())}, {"o", "\"\\\n"}};
    metric.counter.value = metric.gauge.value = metric.untyped.value = value;
    counters.metric.push_back(metric);
    gauges.metric.push_back(metric);
    untyped.metric.push_back(metric);
    metric.histogram.sample_count = 3;
    metric.histogram.sample_sum = value;
    metric.histogram.bucket = {{1, 0.25}, {3, std::numeric_limits<double>::infinity()}};
    histograms.metric.push_back(metric);
  }
  counters.metric.back().counter.value = std::numeric_limits<double>::infinity();
  gauges.metric.push_back({});
  return {counters, gauges, untyped, histograms};
}

TEST(Exposition, TextIsWhatPrometheusCppWrites) {
  const auto families = what_prometheus_cpp_can_write();
  std::ostringstream expected;
  prometheus::TextSerializer().Serialize(expected, families);
  EXPECT_EQ(text_of(from_registry(families)), expected.str());
}

class CommaDecimal final : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Exposition, NumbersDoNotFollowTheLocale) {
  const std::string expected = text_of(everything());
  const std::locale before =
      std::locale::global(std::locale(std::locale::classic(), new CommaDecimal));
  std::ostringstream proof;
  proof << 1234.5;
  const std::string text = text_of(everything());
  std::locale::global(before);
  ASSERT_EQ(proof.str(), "1.234,5");
  EXPECT_EQ(text, expected);
}

TEST(Exposition, FamiliesAreSortedByName) {
  const std::string text = text_of(everything());
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# TYPE ", 0) == 0) names.push_back(line.substr(7, line.find(' ', 7) - 7));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"requests_total", "seconds", "texts", "values",
                                             "zulu_last"}));
}

TEST(Exposition, WhatHasNoSampleIsNotThere) {
  EXPECT_EQ(text_of({family("a", Type::gauge, {})}), "");
}

TEST(Exposition, FamiliesOfOneNameBecomeOne) {
  const Snapshot first({family("a", Type::gauge, {{{{"x", "1"}}, 1, {}}}, "First.")});
  const Snapshot second({family("a", Type::gauge, {{{{"x", "2"}}, 2, {}}}, "Second.")});
  const Exposition exposition = expose({first, second}, Format::text);
  EXPECT_EQ(exposition.text, "# HELP a First.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n");
  EXPECT_EQ(exposition.dropped_series, 0U);
}

TEST(Exposition, ADuplicateCostsOnlyItself) {
  const Snapshot first({family(
      "a", Type::gauge, {{{{"x", "1"}, {"y", "2"}}, 1, {}}, {{{"y", "2"}, {"x", "1"}}, 2, {}}})});
  const Snapshot second(
      {family("a", Type::gauge, {{{{"x", "1"}, {"y", "2"}}, 3, {}}, {{{"x", "2"}}, 4, {}}}),
       family("b", Type::gauge, {{{}, 5, {}}})});
  const Exposition exposition = expose({first, second}, Format::text);
  EXPECT_EQ(exposition.text,
            "# HELP a Help.\n# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{x=\"2\"} 4\n"
            "# HELP b Help.\n# TYPE b gauge\nb 5\n");
  EXPECT_EQ(exposition.dropped_series, 2U);
}

TEST(Exposition, ASecondFamilyOfAnotherTypeIsLeftOut) {
  const Snapshot first({family("a", Type::counter, {{{}, 1, {}}})});
  const Snapshot second({family("a", Type::gauge, {{{{"x", "1"}}, 2, {}}})});
  const Exposition exposition = expose({first, second}, Format::text);
  EXPECT_EQ(exposition.text, "# HELP a Help.\n# TYPE a counter\na 1\n");
  EXPECT_EQ(exposition.dropped_series, 1U);
}

TEST(OpenMetrics, CountersAreCalledWithoutTotal) {
  EXPECT_EQ(openmetrics_of({family("a_total", Type::counter, {{{}, 1, {}}})}),
            "# HELP a Help.\n# TYPE a counter\na_total 1\n# EOF\n");
}

TEST(OpenMetrics, ACounterWithoutTotalIsUnknown) {
  EXPECT_EQ(openmetrics_of({family("pg_stat_database_blks_hit", Type::counter, {{{}, 1, {}}}),
                            family("z", Type::untyped, {{{}, 2, {}}})}),
            "# HELP pg_stat_database_blks_hit Help.\n# TYPE pg_stat_database_blks_hit unknown\n"
            "pg_stat_database_blks_hit 1\n# HELP z Help.\n# TYPE z unknown\nz 2\n# EOF\n");
}

TEST(OpenMetrics, ACounterWhoseShortNameIsTakenIsUnknown) {
  EXPECT_EQ(
      openmetrics_of({family("payments", Type::gauge, {{{}, 1, {}}}),
                      family("payments_total", Type::counter, {{{}, 2, {}}})}),
      "# HELP payments Help.\n# TYPE payments gauge\npayments 1\n"
      "# HELP payments_total Help.\n# TYPE payments_total unknown\npayments_total 2\n# EOF\n");
}

TEST(OpenMetrics, ACounterWhoseSampleWouldHaveATakenNameIsUnknown) {
  EXPECT_EQ(openmetrics_of({family("a_created", Type::gauge, {{{}, 1, {}}}),
                            family("a_total", Type::counter, {{{}, 2, {}}})}),
            "# HELP a_created Help.\n# TYPE a_created gauge\na_created 1\n"
            "# HELP a_total Help.\n# TYPE a_total unknown\na_total 2\n# EOF\n");
}

TEST(OpenMetrics, ACounterUnderTheNameOfAHistogramsSampleIsUnknown) {
  const std::string page = openmetrics_of({family("a", Type::histogram, {histogram({})}),
                                           family("a_count_total", Type::counter, {{{}, 2, {}}})});
  EXPECT_NE(page.find("# TYPE a_count_total unknown\na_count_total 2\n"), std::string::npos);
}

TEST(OpenMetrics, AFamilyUnderTheNameOfAHistogramsSampleIsLeftOut) {
  const Exposition exposition = expose({Snapshot({family("a", Type::histogram, {histogram({})}),
                                                  family("a_count", Type::gauge, {{{}, 1, {}}})})},
                                       Format::openmetrics);
  EXPECT_EQ(exposition.text.find("gauge"), std::string::npos);
  EXPECT_EQ(exposition.dropped_series, 1U);
}

TEST(OpenMetrics, ACounterIsNeverNegativeOrNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Snapshot snapshot(
      {family("a_total", Type::counter,
              {{{{"x", "1"}}, nan, {}}, {{{"x", "2"}}, -1, {}}, {{{"x", "3"}}, 3, {}}}),
       family("b", Type::gauge, {{{}, nan, {}}})});
  const Exposition exposition = expose({snapshot}, Format::openmetrics);
  EXPECT_EQ(exposition.text,
            "# HELP a Help.\n# TYPE a counter\na_total{x=\"3\"} 3\n"
            "# HELP b Help.\n# TYPE b gauge\nb NaN\n# EOF\n");
  EXPECT_EQ(exposition.dropped_series, 2U);
  EXPECT_EQ(expose({snapshot}, Format::text).dropped_series, 0U);
}

TEST(OpenMetrics, AHistogramWithNegativeBoundsHasNoSum) {
  Sample below{{}, 0, {{{-1, 1}, {1, 2}}, 2, -1.5}};
  EXPECT_EQ(openmetrics_of({family("a", Type::histogram, {below})}),
            "# HELP a Help.\n# TYPE a histogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"1.0\"} 2\n"
            "a_bucket{le=\"+Inf\"} 2\n# EOF\n");
}

// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#exemplars
TEST(OpenMetrics, AnExemplarStandsBehindItsBucketAndNotInText) {
  Sample sample{{{"route", "/a"}}, 0, {}};
  sample.histogram = {{{0.1, 1}}, 2, 0.55};
  sample.histogram.exemplars = std::make_shared<std::vector<Exemplar>>(
      std::vector<Exemplar>{{}, {Labels{{"request_id", "a\"b"}}, 0.5, 1'795'600'000.25}});
  const Families families{family("seconds", Type::histogram, {sample})};
  const std::string page = openmetrics_of(families);
  EXPECT_NE(page.find("seconds_bucket{route=\"/a\",le=\"0.1\"} 1\n"), std::string::npos) << page;
  EXPECT_NE(page.find("seconds_bucket{route=\"/a\",le=\"+Inf\"} 2 # {request_id=\"a\\\"b\"} 0.5 "
                      "1795600000.25\n"),
            std::string::npos)
      << page;
  EXPECT_EQ(text_of(families).find(" # "), std::string::npos);
}

TEST(OpenMetrics, QuotesInHelpAreEscaped) {
  EXPECT_EQ(openmetrics_of({family("a", Type::gauge, {{{}, 1, {}}}, "A \"b\" \\ c\nd")}),
            "# HELP a A \\\"b\\\" \\\\ c\\nd\n# TYPE a gauge\na 1\n# EOF\n");
}

TEST(OpenMetrics, AnEmptyPageHasItsEnd) { EXPECT_EQ(openmetrics_of({}), "# EOF\n"); }

}  // namespace
}  // namespace backstay::metrics
