#include "exporter/metrics/exposition.h"

#include <fstream>
#include <limits>
#include <locale>
#include <sstream>

#include <gtest/gtest.h>

namespace backstay::metrics {
namespace {

Family family(const std::string& name, Type type, std::vector<Sample> samples,
              const std::string& help = "Help.") {
  return {name, help, type, std::move(samples)};
}

std::string text_of(const Families& families) { return expose_text(families, {}).text; }

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
TEST(Exposition, IsTheGoldenFileByteForByte) {
  std::ifstream file(BACKSTAY_SOURCE_DIR "/tests/golden/exporter/exposition.txt", std::ios::binary);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text_of(everything()), golden.str());
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
  const Exposition exposition =
      expose_text({family("a", Type::gauge, {{{{"x", "1"}}, 1, {}}}, "First."),
                   family("a", Type::gauge, {{{{"x", "2"}}, 2, {}}}, "Second.")},
                  {});
  EXPECT_EQ(exposition.text, "# HELP a First.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n");
  EXPECT_EQ(exposition.dropped_series, 0U);
}

TEST(Exposition, ADuplicateCostsOnlyItself) {
  const Exposition exposition = expose_text(
      {family("a", Type::gauge,
              {{{{"x", "1"}, {"y", "2"}}, 1, {}}, {{{"y", "2"}, {"x", "1"}}, 2, {}}}),
       family("a", Type::gauge, {{{{"x", "1"}, {"y", "2"}}, 3, {}}, {{{"x", "2"}}, 4, {}}}),
       family("b", Type::gauge, {{{}, 5, {}}})},
      {});
  EXPECT_EQ(exposition.text,
            "# HELP a Help.\n# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{x=\"2\"} 4\n"
            "# HELP b Help.\n# TYPE b gauge\nb 5\n");
  EXPECT_EQ(exposition.dropped_series, 2U);
}

TEST(Exposition, ASecondFamilyOfAnotherTypeIsLeftOut) {
  const Exposition exposition = expose_text({family("a", Type::counter, {{{}, 1, {}}}),
                                             family("a", Type::gauge, {{{{"x", "1"}}, 2, {}}})},
                                            {});
  EXPECT_EQ(exposition.text, "# HELP a Help.\n# TYPE a counter\na 1\n");
  EXPECT_EQ(exposition.dropped_series, 1U);
}

TEST(Exposition, TheProcessesOwnFamiliesAreAmongThem) {
  prometheus::MetricFamily own;
  own.name = "b_own";
  own.help = "Own.";
  own.type = prometheus::MetricType::Gauge;
  prometheus::ClientMetric metric;
  metric.gauge.value = 7;
  own.metric.push_back(metric);
  const Families families{family("c", Type::gauge, {{{}, 1, {}}}),
                          family("a", Type::gauge, {{{}, 1, {}}})};
  EXPECT_EQ(expose_text(families, {own}).text,
            "# HELP a Help.\n# TYPE a gauge\na 1\n# HELP b_own Own.\n# TYPE b_own gauge\nb_own 7\n"
            "# HELP c Help.\n# TYPE c gauge\nc 1\n");
}

}  // namespace
}  // namespace backstay::metrics
