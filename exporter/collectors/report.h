#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exporter/collectors/measured.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// How one collector fared, as a scrape sees it. What is not known is not there.
struct Report {
  std::string collector;
  Record record;
  std::optional<bool> is_success;  // none: it has not been asked yet
  std::optional<double> seconds;
};

struct ScrapeReport {
  std::vector<Report> reports;
  bool is_asked = false;  // some collector asked the database for this scrape
  bool is_up = false;     // and the database answered, if only with an error
  double seconds = 0;
  std::uint64_t number = 0;  // of scrapes, this one included
  int connections = 0;
};

// As metrics: pg_up, backstay_scrape_collector_*, backstay_collector_*; and what postgres_exporter
// says about itself, under its own names.
metrics::Families families(const ScrapeReport& scrape);

}  // namespace backstay::collectors
