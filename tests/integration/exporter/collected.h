#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "exporter/collectors/collector.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay::test {

inline pg::Connection connect(const std::string& url) {
  auto connection = pg::Connection::open(Secret(url), std::chrono::seconds(30));
  if (!connection) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

inline pg::Limits limits() {
  using std::chrono::seconds;
  return {seconds(30), seconds(10), std::chrono::steady_clock::now() + seconds(60)};
}

// What one collector brought, by name and labels: pg_locks_count{datname="app",mode="sharelock"}.
class Collected {
 public:
  Collected(collectors::Collector& collector, pg::Connection& connection) {
    auto families = collector.collect(connection, limits());
    if (!families) throw std::runtime_error(families.error().message);
    for (const metrics::Family& family : *families) {
      for (const metrics::Sample& sample : family.samples) {
        const std::string labels(sample.labels.text());
        series_[family.name + (labels.empty() ? "" : "{" + labels + "}")] = sample.value;
      }
    }
  }
  [[nodiscard]] std::optional<double> value(const std::string& series) const {
    const auto found = series_.find(series);
    return found == series_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t count(const std::string& family) const {
    std::size_t count = 0;
    for (const auto& [name, value] : series_) count += name.substr(0, name.find('{')) == family;
    return count;
  }
  [[nodiscard]] const std::map<std::string, double>& series() const { return series_; }

 private:
  std::map<std::string, double> series_;
};

}  // namespace backstay::test
