#include "exporter/web/negotiation.h"

#include <gtest/gtest.h>

namespace backstay::web {
namespace {

using metrics::Format;

TEST(PreferredFormat, IsOpenMetricsForPrometheus) {
  const char* prometheus_2_42 =
      "application/openmetrics-text;version=1.0.0,application/"
      "openmetrics-text;version=0.0.1;q=0.75,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const char* prometheus_3 =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
      "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
      "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  const char* prometheus_3_0_0 =
      "application/openmetrics-text;escaping=allow-utf-8;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
  const char* with_native_histograms =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
      "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  for (const char* accept :
       {prometheus_2_42, prometheus_3, prometheus_3_0_0, with_native_histograms}) {
    EXPECT_EQ(preferred_format(accept), Format::openmetrics) << accept;
  }
}

TEST(PreferredFormat, IsTextForWhoAsksForItFirst) {
  const char* text_first =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
      "text/plain;version=0.0.4;q=0.8,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";
  EXPECT_EQ(preferred_format(text_first), Format::text);
  EXPECT_EQ(preferred_format("application/openmetrics-text;q=0.5, text/*"), Format::text);
}

TEST(PreferredFormat, IsTextWhereNothingElseIsAskedFor) {
  for (const char* accept :
       {"", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", ",;,", ";q=1",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=1.0.0;q=2",
        "application/openmetrics-text;version=1.0.0;q=",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"}) {
    EXPECT_EQ(preferred_format(accept), Format::text) << accept;
  }
}

TEST(PreferredFormat, ReadsBlanksQuotesAndCapitals) {
  EXPECT_EQ(
      preferred_format("text/plain; q=0.3 , Application/OpenMetrics-Text ; Version=\"1.0.0\" ; "
                       "Q=0.9"),
      Format::openmetrics);
}

TEST(AcceptsGzip, WhereItIsNamedAndNotRefused) {
  for (const char* header : {"gzip", "gzip;q=1.0, identity; q=0.5, *;q=0", "deflate, GZIP", "*",
                             "x-gzip", "br;q=1, gzip;q=0.1"}) {
    EXPECT_TRUE(accepts_gzip(header)) << header;
  }
  for (const char* header :
       {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped", "deflate, br"}) {
    EXPECT_FALSE(accepts_gzip(header)) << header;
  }
}

}  // namespace
}  // namespace backstay::web
