#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/pg.h"
#include "base/result.h"
#include "exporter/metrics/family.h"
#include "exporter/metrics/snapshot.h"

namespace backstay::collectors {

// When a collector is asked. Without an interval: at each scrape, inside its deadline. With one: by
// itself, and a scrape shows what came last.
struct Schedule {
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds max_age{0};  // after this what came last is not shown any more
  std::chrono::milliseconds timeout{0};  // of one run; its statements end on the server before
};

// Something that asks the database. It reads, it keeps no connection, and it may be called from any
// thread of the pool, one at a time. Deadline, duration and success are the runner's. To add one: a
// file pair, a row in collectors.cpp's table, a test, a row in docs/METRICS.md.
class Collector {
 public:
  virtual ~Collector() = default;
  // The value of the label `collector`.
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual Result<metrics::Families> collect(pg::Connection& connection,
                                                          const pg::Limits& limits) = 0;
  // The same as scrapes share it; for a collector that keeps what it brought, without making it
  // anew.
  [[nodiscard]] virtual Result<metrics::Snapshot> snapshot(pg::Connection& connection,
                                                           const pg::Limits& limits) {
    auto brought = collect(connection, limits);
    if (!brought) return fail(brought.error());
    return metrics::Snapshot(std::move(*brought));
  }
  [[nodiscard]] virtual Schedule schedule() const { return {}; }
  // One that asks a single question which is always quick: a scrape asks all such together. The
  // question is empty where this version has none; the rows come to nothing where snapshot() is to
  // be asked after all.
  [[nodiscard]] virtual bool is_quick() const { return false; }
  [[nodiscard]] virtual std::string question(int /*server_version*/) const { return ""; }
  [[nodiscard]] virtual std::optional<metrics::Snapshot> answer(const pg::Rows& /*rows*/,
                                                                int /*server_version*/) {
    return std::nullopt;
  }
  // What a user's own SQL becomes, for --config.check to explain; empty where it is not the user's,
  // or not for a server of this version (server_version_num).
  [[nodiscard]] virtual std::string statement(int /*server_version*/) const { return ""; }
};

}  // namespace backstay::collectors
