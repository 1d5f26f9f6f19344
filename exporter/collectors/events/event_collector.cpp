#include "exporter/collectors/events/event_collector.h"

#include <algorithm>
#include <functional>

#include "base/duration.h"
#include "base/log.h"
#include "exporter/collectors/events/event_state.h"

namespace backstay::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Counting takes at most a tenth of the time.
constexpr int kRestFactor = 9;
// After a recount that failed.
constexpr milliseconds kRecountRetry = std::chrono::minutes(10);

milliseconds since(SteadyTime begun, SteadyTime now) {
  return std::chrono::duration_cast<milliseconds>(now - begun);
}

// The server's words for a statement_timeout, ours for a server that answers nothing.
bool ran_out_of_time(const std::string& error) {
  return error.find("(57014)") != std::string::npos ||
         error.find("no answer within the deadline") != std::string::npos;
}

// A tenth more or less, for each collector its own: they do not all count at once.
milliseconds spread(milliseconds interval, const std::string& name) {
  const auto share = static_cast<double>(std::hash<std::string>()(name) % 1000) / 1000;
  return milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(interval.count()) * (0.9 + 0.2 * share)));
}

}  // namespace

EventCollector::EventCollector(EventSpec spec, EventServices services)
    : spec_(std::move(spec)), services_(services) {
  services_.report.set(name(), status_);
}

Result<metrics::Families> EventCollector::collect(pg::Connection& connection,
                                                  const pg::Limits& limits) {
  const SteadyTime begun = services_.clock.steady();
  if (begun < next_count_) return shown();
  const auto counted = count(connection, limits);
  note(begun, counted, limits);
  if (counted) recount_if_due(connection, limits);
  services_.report.set(name(), status_);
  if (!counted) return fail(counted.error());
  return shown();
}

Schedule EventCollector::schedule() const {
  Schedule schedule = spec_.schedule;
  if (counted_at_) {
    const milliseconds left = schedule.max_age - since(*counted_at_, services_.clock.steady());
    schedule.max_age = std::max(left, milliseconds(0));
  }
  return schedule;
}

std::string EventCollector::statement(int /*server_version*/) const {
  const EventTime now = services_.clock.now();
  const EventTime from = now - 2 * spec_.settle;
  return count_sql(spec_, {from,
                           std::nullopt,
                           now - spec_.settle,
                           {from, std::nullopt, std::nullopt},
                           now,
                           now + spec_.settle});
}

Result<void> EventCollector::count(pg::Connection& connection, const pg::Limits& limits) {
  if (auto loaded = load_state(); !loaded) return loaded;
  if (auto checked = check_time(connection, limits); !checked) return checked;
  const auto bound_now = bound(connection, limits);
  if (!bound_now) return fail(bound_now.error());
  if (!is_slow_) return count_window(connection, limits, *bound_now);
  const SlowTurn::Taken turn(services_.slow_turn);
  if (!turn) return fail("a long count waits until another one is done");
  return count_window(connection, slow(limits), *bound_now);
}

Result<void> EventCollector::load_state() {
  if (is_loaded_) return {};
  const auto text = services_.store.load(name());
  if (!text) return fail(text.error().in("the state"));
  if (*text) {
    auto totals = read_event_state(spec_, **text);
    if (totals) {
      totals_ = std::move(*totals);
    } else if (totals.error() == StateFault::too_new) {
      return fail("the state was written by a newer version of this program");
    } else if (auto begun = begin_anew(to_string(totals.error())); !begun) {
      return begun;
    }
  }
  add_known_series(spec_, totals_);
  is_loaded_ = true;
  return {};
}

Result<void> EventCollector::begin_anew(const std::string& why) {
  const auto kept_as = services_.store.set_aside(name(), why);
  if (!kept_as) return fail(kept_as.error().in("the state is " + why));
  log::error("an event collector's totals begin anew from its table",
             {{"collector", name()}, {"state", why}, {"kept_as", *kept_as}});
  ++status_.state_resets[why];
  return {};
}

// What has no time zone is a different moment for each session: no bound can be compared with it.
Result<void> EventCollector::check_time(pg::Connection& connection, const pg::Limits& limits) {
  if (is_time_checked_) return {};
  const auto rows = connection.query(time_type_sql(spec_), limits);
  if (!rows) return fail(rows.error());
  const std::string type(rows->at(0, 0).value_or(""));
  if (type != "timestamp with time zone") {
    return fail("events.time is of type " + type + ", and must be timestamp with time zone");
  }
  is_time_checked_ = true;
  return {};
}

Result<Bound> EventCollector::bound(pg::Connection& connection, const pg::Limits& limits) {
  status_.holds.reset();
  auto bound = read_bound(connection, limits);
  if (!bound) return bound;
  status_.holds = bound->holds;
  if (bound->holds.count(Hold::standby) != 0) {
    return fail("this is a standby: events are counted on the primary alone");
  }
  return bound;
}

Result<void> EventCollector::count_window(pg::Connection& connection, const pg::Limits& limits,
                                          const Bound& bound) {
  const EventWindow window = next_window(totals_, bound, spec_.settle);
  const auto counted = groups(connection, limits, window);
  if (!counted) return fail(counted.error());
  EventTotals totals = after_count(spec_, totals_, window, *counted);
  // The first one has read everything.
  if (!window.from && window.final_before) totals.recounted_at = services_.clock.now();
  if (auto kept = keep(std::move(totals)); !kept) return kept;
  status_.tail_events = tail_events(*counted);
  if (window.final_before) {
    status_.tail_seconds =
        std::max(0.0, std::chrono::duration<double>(window.clock - *window.final_before).count());
  }
  return {};
}

// Where there are more label sets than memory should hold, the server makes `other` of those that
// are not let in. What the first look found is remembered: it may have taken all the time there is.
Result<std::vector<EventGroup>> EventCollector::groups(pg::Connection& connection,
                                                       const pg::Limits& limits,
                                                       const EventWindow& window) {
  if (!is_folded_) {
    const auto rows = connection.query(count_sql(spec_, window), limits);
    if (!rows) return fail(rows.error());
    if (rows->size() <= kGroupsMax) return read_groups(spec_, *rows);
    is_folded_ = true;
    log::warn("there are too many label sets to read them all: most are counted as other",
              {{"collector", name()}, {"more_rows_than", std::to_string(kGroupsMax)}});
  }
  if (!totals_.is_full) {
    if (auto full = let_in_busiest(connection, limits, window); !full) return fail(full.error());
  }
  std::vector<LabelValues> kept;
  for (const auto& [labels, series] : totals_.series) {
    // What stands for bytes that are no UTF-8 is not what the row has: it would be two series.
    for (const std::string& label : labels) {
      if (label.find("\xef\xbf\xbd") == std::string::npos) continue;
      return fail("there are more than " + std::to_string(kGroupsMax) +
                  " rows of label sets, and one of them is not UTF-8");
    }
    kept.push_back(labels);
  }
  const auto rows = connection.query(count_sql(spec_, window, kept), limits);
  if (!rows) return fail(rows.error());
  return read_groups(spec_, *rows);
}

Result<void> EventCollector::let_in_busiest(pg::Connection& connection, const pg::Limits& limits,
                                            const EventWindow& window) {
  const std::size_t sets_max = spec_.series_max + totals_.series.size();
  const auto rows = connection.query(busiest_sql(spec_, window, sets_max), limits);
  if (!rows) return fail(rows.error());
  return keep(filled_up(spec_, totals_, read_busiest(spec_, *rows)));
}

// Saved first, then shown: a total that a crash forgets was never seen by anyone.
Result<void> EventCollector::keep(EventTotals totals) {
  auto saved = services_.store.save(name(), write_event_state(spec_, totals));
  if (!saved) return fail(saved.error().in("the totals cannot be saved"));
  totals_ = std::move(totals);
  status_.final_before = totals_.final_before;
  status_.late_events = totals_.late_events;
  status_.vanished_events = totals_.vanished_events;
  status_.recounted_at = totals_.recounted_at;
  status_.is_full = totals_.is_full;
  return {};
}

void EventCollector::note(SteadyTime begun, const Result<void>& outcome, const pg::Limits& limits) {
  const SteadyTime now = services_.clock.steady();
  const milliseconds took = since(begun, now);
  if (outcome) {
    counted_at_ = begun;
    status_.count_seconds = std::chrono::duration<double>(now - begun).count();
    is_slow_ = took > limits.statement_timeout / 2;
  } else if (ran_out_of_time(outcome.error().message)) {
    const bool was_slow = is_slow_;
    is_slow_ = true;
    if (!was_slow) return;  // with more time at once
  }
  if (took * kRestFactor > spec_.schedule.interval) next_count_ = now + took * kRestFactor;
}

bool EventCollector::recount_is_due() const {
  if (!totals_.final_before || services_.clock.steady() < next_recount_) return false;
  return !totals_.recounted_at ||
         services_.clock.now() >= *totals_.recounted_at + spread(spec_.reconcile, name());
}

void EventCollector::recount_if_due(pg::Connection& connection, const pg::Limits& limits) {
  if (!recount_is_due()) return;
  const SlowTurn::Taken turn(services_.slow_turn);
  if (!turn) return;
  const SteadyTime begun = services_.clock.steady();
  const auto recounted = recount(connection, slow(limits));
  const SteadyTime now = services_.clock.steady();
  next_recount_ = now + since(begun, now) * kRestFactor;
  if (recounted) return;
  ++status_.recounts_failed;
  next_recount_ = std::max(next_recount_, now + kRecountRetry);
  log::warn("a recount failed", {{"collector", name()}, {"error", recounted.error().message}});
}

Result<void> EventCollector::recount(pg::Connection& connection, const pg::Limits& limits) {
  const auto counted = groups(connection, limits, recount_window(*totals_.final_before));
  if (!counted) return fail(counted.error());
  const double late_before = totals_.late_events;
  if (auto kept = keep(after_recount(spec_, totals_, *counted, services_.clock.now())); !kept) {
    return kept;
  }
  if (totals_.late_events > late_before) {
    log::warn("events came late, and are counted now",
              {{"collector", name()},
               {"events", std::to_string(static_cast<long>(totals_.late_events - late_before))}});
  }
  return {};
}

pg::Limits EventCollector::slow(const pg::Limits& limits) const {
  // The server gives up first, as with every statement.
  return {spec_.slow_timeout, limits.lock_timeout,
          services_.clock.steady() + spec_.slow_timeout + seconds(2)};
}

Result<metrics::Families> EventCollector::shown() const {
  if (!counted_at_) return fail("the last count failed; the next one is not due yet");
  const milliseconds age = since(*counted_at_, services_.clock.steady());
  if (age > spec_.schedule.max_age)
    return fail("the last count is " + format_duration(age) + " old");
  return metrics::Families{to_family(spec_, totals_)};
}

}  // namespace backstay::collectors
