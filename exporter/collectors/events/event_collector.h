#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exporter/collectors/collector.h"
#include "exporter/collectors/events/event_report.h"
#include "exporter/collectors/events/event_spec.h"
#include "exporter/collectors/events/event_store.h"
#include "exporter/collectors/events/event_totals.h"
#include "exporter/collectors/events/slow_turn.h"

namespace backstay::collectors {

// What all event collectors of an exporter share. It outlives them.
struct EventServices {
  EventStore& store;
  EventReport& report;
  SlowTurn& slow_turn;
  Clock& clock;
};

// Counts the events of a table, each once: what cannot change any more is added to the totals for
// good, the rest is counted anew each time. docs/EVENTS.md explains why that is exact.
//
// Fails, and so shows nothing, where the bound cannot be read, on a standby, where a value is
// negative, and where the new totals cannot be saved: what was never saved is never shown. A count
// that took long is not followed by another before nine times that long; until then, and no longer
// than max_age, what it brought is shown.
class EventCollector final : public Collector {
 public:
  EventCollector(EventSpec spec, EventServices services);
  [[nodiscard]] const std::string& name() const override { return spec_.name; }
  // Its max_age becomes less with the age of what is shown, which a rest brings again as it was.
  [[nodiscard]] Schedule schedule() const override;
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;
  // A count of what came within the last minutes.
  [[nodiscard]] std::string statement(int server_version) const override;

 private:
  [[nodiscard]] Result<void> count(pg::Connection& connection, const pg::Limits& limits);
  [[nodiscard]] Result<void> load_state();
  [[nodiscard]] Result<void> begin_anew(const std::string& why);
  [[nodiscard]] Result<void> check_time(pg::Connection& connection, const pg::Limits& limits);
  [[nodiscard]] Result<Bound> bound(pg::Connection& connection, const pg::Limits& limits);
  [[nodiscard]] Result<void> count_window(pg::Connection& connection, const pg::Limits& limits,
                                          const Bound& bound);
  [[nodiscard]] Result<std::vector<EventGroup>> groups(pg::Connection& connection,
                                                       const pg::Limits& limits,
                                                       const EventWindow& window);
  [[nodiscard]] Result<void> let_in_busiest(pg::Connection& connection, const pg::Limits& limits,
                                            const EventWindow& window);
  [[nodiscard]] Result<void> keep(EventTotals totals);
  void note(SteadyTime begun, const Result<void>& outcome, const pg::Limits& limits);
  void recount_if_due(pg::Connection& connection, const pg::Limits& limits);
  [[nodiscard]] Result<void> recount(pg::Connection& connection, const pg::Limits& limits);
  [[nodiscard]] bool recount_is_due() const;
  [[nodiscard]] pg::Limits slow(const pg::Limits& limits) const;
  [[nodiscard]] Result<metrics::Families> shown() const;

  const EventSpec spec_;
  const EventServices services_;
  EventStatus status_;
  bool is_loaded_ = false;
  bool is_time_checked_ = false;
  bool is_slow_ = false;    // the last count needed more than the usual time, or the most of it
  bool is_folded_ = false;  // in this life there were too many label sets to read them all
  EventTotals totals_;
  std::optional<SteadyTime> counted_at_;  // in this life
  SteadyTime next_count_;
  SteadyTime next_recount_;
};

}  // namespace backstay::collectors
