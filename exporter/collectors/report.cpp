#include "exporter/collectors/report.h"

namespace backstay::collectors {
namespace {

using metrics::Family;
using metrics::Type;

Family single(const char* name, const char* help, Type type, double value) {
  return {name, help, type, {{{}, value, {}}}};
}

// Under both names: ours, and those that dashboards for postgres_exporter know.
void add_outcomes(const ScrapeReport& scrape, metrics::Families& families) {
  Family success{"backstay_scrape_collector_success",
                 "Whether the collector brought its metrics.",
                 Type::gauge,
                 {}};
  Family duration{"backstay_scrape_collector_duration_seconds",
                  "How long the collector took, the wait for a connection included.",
                  Type::gauge,
                  {}};
  for (const Report& report : scrape.reports) {
    const metrics::Labels labels{{"collector", report.collector}};
    if (report.is_success) success.samples.push_back({labels, *report.is_success ? 1.0 : 0.0, {}});
    if (report.seconds) duration.samples.push_back({labels, *report.seconds, {}});
  }
  Family other_success = success;
  other_success.name = "pg_scrape_collector_success";
  Family other_duration = duration;
  other_duration.name = "pg_scrape_collector_duration_seconds";
  families.insert(families.end(), {std::move(success), std::move(duration),
                                   std::move(other_success), std::move(other_duration)});
}

void add_records(const ScrapeReport& scrape, metrics::Families& families) {
  Family last{"backstay_collector_last_success_timestamp_seconds",
              "When the collector last brought its metrics.",
              Type::gauge,
              {}};
  Family rows{"backstay_collector_rows",
              "Rows that the collector read from the database when it last succeeded.",
              Type::gauge,
              {}};
  Family errors{
      "backstay_collector_errors_total", "Runs of the collector that failed.", Type::counter, {}};
  for (const Report& report : scrape.reports) {
    const metrics::Labels labels{{"collector", report.collector}};
    errors.samples.push_back({labels, static_cast<double>(report.record.errors), {}});
    if (!report.record.last_success) continue;
    const std::chrono::duration<double> since_epoch =
        report.record.last_success->time_since_epoch();
    last.samples.push_back({labels, since_epoch.count(), {}});
    rows.samples.push_back({labels, static_cast<double>(report.record.rows), {}});
  }
  families.insert(families.end(), {std::move(last), std::move(rows), std::move(errors)});
}

bool has_failure(const ScrapeReport& scrape) {
  for (const Report& report : scrape.reports) {
    if (report.is_success == false) return true;
  }
  return false;
}

}  // namespace

metrics::Families families(const ScrapeReport& scrape) {
  metrics::Families families{
      single("backstay_database_connections",
             "Connections to the database that are open; never over max_connections.", Type::gauge,
             scrape.connections),
      single("pg_exporter_last_scrape_duration_seconds",
             "How long this scrape waited for its collectors.", Type::gauge, scrape.seconds),
      single("pg_exporter_last_scrape_error", "1 where a collector failed, else 0.", Type::gauge,
             has_failure(scrape) ? 1 : 0),
      single("pg_exporter_scrapes_total", "Scrapes that asked the collectors.", Type::counter,
             static_cast<double>(scrape.number))};
  // Where nobody asked, nothing is known.
  if (scrape.is_asked) {
    families.push_back(single("pg_up", "Whether the database answered this scrape.", Type::gauge,
                              scrape.is_up ? 1 : 0));
  }
  add_outcomes(scrape, families);
  add_records(scrape, families);
  return families;
}

}  // namespace backstay::collectors
