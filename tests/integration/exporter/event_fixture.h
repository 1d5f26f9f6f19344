#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "exporter/collectors/events/event_collector.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay::collectors {

// The machine's time, with a lead that a test can give it.
class LeadingClock final : public Clock {
 public:
  WallTime now() const override { return system_.now() + lead_; }
  SteadyTime steady() const override { return system_.steady() + lead_; }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    return system_.sleep(duration, stop);
  }
  void advance(std::chrono::milliseconds duration) { lead_ += duration; }

 private:
  SystemClock system_;
  std::chrono::milliseconds lead_{0};
};

// A disk that can be full, and outlives each exporter.
class StubEventStore final : public EventStore {
 public:
  Result<std::optional<std::string>> load(const std::string& name) override {
    const auto found = texts.find(name);
    return found == texts.end() ? std::optional<std::string>() : std::optional(found->second);
  }
  Result<void> save(const std::string& name, const std::string& text) override {
    if (is_full) return fail("No space left on device");
    texts[name] = text;
    return {};
  }
  Result<std::string> set_aside(const std::string& name, const std::string& why) override {
    texts[name + "." + why] = texts.at(name);
    texts.erase(name);
    return name + "." + why;
  }
  bool is_full = false;
  std::map<std::string, std::string> texts;
};

// A collector of the table events(at, kind, size), and what it shows.
struct EventFixture : ::testing::Test {
  static constexpr const char* kTable =
      "DROP TABLE IF EXISTS events;"
      "CREATE TABLE events (at timestamptz DEFAULT now(), kind text DEFAULT 'a', size float8);"
      "CREATE INDEX ON events (at)";

  explicit EventFixture(const test::PostgresCluster& server) : cluster(server) {
    spec.name = "events_total";
    spec.help = "Help.";
    spec.table = "events";
    spec.time = "at";
    spec.settle = std::chrono::milliseconds(100);
    spec.schedule.interval = std::chrono::hours(1);  // so that no count is long enough for a rest
    execute(kTable);
  }
  void execute(const std::string& sql) const { cluster.execute(sql); }
  void insert(int rows, const std::string& at = "now()", const std::string& kind = "a") const {
    execute("INSERT INTO events SELECT " + at + ", '" + kind + "' FROM generate_series(1, " +
            std::to_string(rows) + ")");
  }

  // The exporter is started anew; what was not saved is forgotten.
  void restart() { collector.reset(); }
  Result<metrics::Families> collect() {
    if (!collector) {
      collector = std::make_unique<EventCollector>(spec, EventServices{store, report, turn, clock});
    }
    auto connection = pg::Connection::open(Secret("postgresql://" + user + "@127.0.0.1:" +
                                                  std::to_string(cluster.port()) + "/postgres"),
                                           std::chrono::seconds(30));
    if (!connection) return fail(connection.error());
    return collector->collect(*connection,
                              {statement_timeout, std::chrono::seconds(5),
                               std::chrono::steady_clock::now() + std::chrono::seconds(60)});
  }
  std::string failure() {
    const auto families = collect();
    return families ? "none" : families.error().message;
  }
  // "a=5 b=1", in the order of the labels.
  std::string shown() {
    const auto families = collect();
    if (!families) return "failed: " + families.error().message;
    std::ostringstream text;
    for (const metrics::Sample& sample : families->front().samples) {
      if (text.tellp() > 0) text << ' ';
      for (const auto& [name, value] : sample.labels.pairs()) text << value << '=';
      text << sample.value;
    }
    return text.str();
  }
  // What the collector says about itself.
  std::optional<double> status(const std::string& name, const std::string& reason = "") const {
    metrics::Labels labels{{"collector", spec.name}};
    if (!reason.empty()) labels = labels.with("reason", reason);
    for (const metrics::Family& family : report.families()) {
      if (family.name != "backstay_events_" + name) continue;
      for (const metrics::Sample& sample : family.samples) {
        if (sample.labels == labels) return sample.value;
      }
    }
    return std::nullopt;
  }
  // Counts until all that is there now is final.
  void settle() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ASSERT_EQ(failure(), "none");
      ASSERT_LT(std::chrono::steady_clock::now(), until);
    } while (status("tail_rows") != 0);
  }

  const test::PostgresCluster& cluster;
  EventSpec spec;
  StubEventStore store;
  EventReport report;
  SlowTurn turn;
  LeadingClock clock;
  std::string user = "postgres";
  std::chrono::milliseconds statement_timeout{30'000};
  std::unique_ptr<EventCollector> collector;
};

}  // namespace backstay::collectors
