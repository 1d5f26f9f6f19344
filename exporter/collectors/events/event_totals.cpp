#include "exporter/collectors/events/event_totals.h"

#include <algorithm>
#include <cmath>

#include "exporter/collectors/events/event_bound.h"

namespace backstay::collectors {
namespace {

// What one count found of one label set.
struct Found {
  Components final;
  Components tail;
  Components recent;       // of the tail, what is below the clock
  Components ahead;        // and the rest of it
  Components again;        // what the last count saw too, or could have, below its clock
  Components again_ahead;  // and ahead of it
};

void add(Components& to, const Components& more) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

// How much `now` lacks of `before`. Sums of doubles in another order differ in their last digits:
// that is no loss.
double lost(double before, double now) {
  const double difference = before - now;
  return difference > 1e-9 * std::max(1.0, std::abs(before)) ? difference : 0;
}

LabelValues other(const EventSpec& spec) { return LabelValues(spec.labels.size(), "other"); }

EventSeries& let_in(const EventSpec& spec, EventTotals& totals, const LabelValues& labels) {
  const Components zeros(component_count(spec), 0);
  return totals.series.try_emplace(labels, EventSeries{zeros, zeros, zeros, zeros, zeros})
      .first->second;
}

// New label sets are let in while there is room, those with the most events first; after that they
// count as `other` for ever. To let one in later would count its tail twice.
void let_in_new(const EventSpec& spec, EventTotals& totals,
                const std::map<LabelValues, double>& events) {
  std::vector<std::pair<LabelValues, double>> newcomers;
  for (const auto& [labels, count] : events) {
    if (totals.series.count(labels) == 0) newcomers.emplace_back(labels, count);
  }
  std::stable_sort(newcomers.begin(), newcomers.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [labels, count] : newcomers) {
    totals.is_full = totals.is_full || totals.series.size() >= spec.series_max;
    let_in(spec, totals, totals.is_full ? other(spec) : labels);
  }
}

std::map<LabelValues, double> events_of(const std::vector<EventGroup>& groups) {
  std::map<LabelValues, double> events;
  for (const EventGroup& group : groups) events[group.labels] += group.components[0];
  return events;
}

std::map<LabelValues, Found> sort_out(const EventSpec& spec, const EventTotals& totals,
                                      const std::vector<EventGroup>& groups) {
  const Components zeros(component_count(spec), 0);
  std::map<LabelValues, Found> found;
  for (const auto& [labels, series] : totals.series)
    found[labels] = {zeros, zeros, zeros, zeros, zeros, zeros};
  for (const EventGroup& group : groups) {
    const auto own = found.find(group.labels);
    Found& to = own != found.end() ? own->second : found[other(spec)];
    add(group.is_final ? to.final : to.tail, group.components);
    if (!group.is_final) add(group.is_past ? to.recent : to.ahead, group.components);
    if (group.was_seen) add(to.again, group.components);
    if (group.was_ahead) add(to.again_ahead, group.components);
  }
  return found;
}

// Rows that the last count saw are gone, deleted or lost with their transaction in a crash: what
// they added stays in the total. Looked for among them alone, so that new rows do not fill the gap.
double keep_what_vanished(EventSeries& series, const Found& found) {
  double events = 0;
  for (std::size_t i = 0; i < series.base.size(); ++i) {
    const double gone =
        lost(series.recent[i], found.again[i]) + lost(series.ahead[i], found.again_ahead[i]);
    series.base[i] += gone;
    if (i == 0) events = gone;
  }
  return events;
}

// The last resort, for what the comparison above could not tell.
double never_less(EventSeries& series, const Components& tail) {
  double events = 0;
  for (std::size_t i = 0; i < series.base.size(); ++i) {
    const double now = series.base[i] + series.below[i] + tail[i];
    if (now < series.shown[i]) {
      series.base[i] += series.shown[i] - now;
      if (i == 0) events = series.shown[i] - now;
    }
    series.shown[i] = std::max(series.shown[i], now);
  }
  return events;
}

SeenTimes seen_by(const EventWindow& window, const std::vector<EventGroup>& groups) {
  SeenTimes seen{window.clock, {}, {}};
  for (const EventGroup& group : groups) {
    if (group.newest_ahead) {
      const EventTime after = *group.newest_ahead + std::chrono::microseconds(1);
      seen.ahead_before = std::max(seen.ahead_before.value_or(after), after);
    }
    if (group.oldest_far) {
      const EventTime from = std::max(*group.oldest_far, window.far_from);
      seen.far_from = std::min(seen.far_from.value_or(from), from);
    }
  }
  return seen;
}

metrics::Histogram histogram(const EventSpec& spec, const Components& shown) {
  metrics::Histogram histogram;
  histogram.sum = shown[1];
  double up_to = 0;
  for (std::size_t i = 0; i < spec.buckets.size(); ++i) {
    up_to += shown[2 + i];
    histogram.buckets.emplace_back(spec.buckets[i], static_cast<std::uint64_t>(up_to));
  }
  // From the buckets, not from the events: what vanished is kept for each component by itself.
  histogram.count = static_cast<std::uint64_t>(up_to + shown.back());
  return histogram;
}

}  // namespace

EventWindow next_window(const EventTotals& totals, const Bound& bound,
                        std::chrono::milliseconds settle) {
  EventWindow window{totals.final_before, std::nullopt, totals.final_before,
                     totals.seen,         bound.clock,  bound.clock + settle};
  if (!bound.holds.empty()) return window;
  const EventTime settled = bound.oldest - settle;
  window.final_before = std::max(totals.final_before.value_or(settled), settled);
  return window;
}

EventWindow recount_window(EventTime final_before) {
  return {std::nullopt, final_before, final_before, {}, final_before, final_before};
}

EventTotals filled_up(const EventSpec& spec, EventTotals totals,
                      const std::map<LabelValues, double>& busiest) {
  let_in_new(spec, totals, busiest);
  let_in(spec, totals, other(spec));
  totals.is_full = true;
  return totals;
}

void add_known_series(const EventSpec& spec, EventTotals& totals) {
  if (spec.labels.empty()) let_in(spec, totals, {});
  // Once there is a series `other`, one that is named later is in it already.
  if (totals.is_full) return;
  for (const std::string& value : spec.zero_fill) let_in(spec, totals, {value});
}

EventTotals after_count(const EventSpec& spec, EventTotals totals, const EventWindow& window,
                        const std::vector<EventGroup>& groups) {
  let_in_new(spec, totals, events_of(groups));
  for (auto& [labels, found] : sort_out(spec, totals, groups)) {
    EventSeries& series = totals.series.at(labels);
    totals.vanished_events += keep_what_vanished(series, found);
    add(series.below, found.final);
    totals.vanished_events += never_less(series, found.tail);
    series.recent = std::move(found.recent);
    series.ahead = std::move(found.ahead);
  }
  totals.final_before = window.final_before;
  totals.seen = seen_by(window, groups);
  return totals;
}

EventTotals after_recount(const EventSpec& spec, EventTotals totals,
                          const std::vector<EventGroup>& groups, WallTime now) {
  let_in_new(spec, totals, events_of(groups));
  for (const auto& [labels, found] : sort_out(spec, totals, groups)) {
    EventSeries& series = totals.series.at(labels);
    totals.late_events += lost(found.final[0], series.below[0]);
    totals.vanished_events += lost(series.below[0], found.final[0]);
    for (std::size_t i = 0; i < series.base.size(); ++i) {
      series.base[i] += lost(series.below[i], found.final[i]);
      series.shown[i] += lost(found.final[i], series.below[i]);
      series.below[i] = found.final[i];
    }
  }
  totals.recounted_at = now;
  return totals;
}

double tail_events(const std::vector<EventGroup>& groups) {
  double events = 0;
  for (const EventGroup& group : groups) {
    if (!group.is_final) events += group.components[0];
  }
  return events;
}

metrics::Family to_family(const EventSpec& spec, const EventTotals& totals) {
  metrics::Family family{spec.name, spec.help, spec.type, {}};
  for (const auto& [values, series] : totals.series) {
    std::vector<metrics::Labels::Pair> labels;
    for (std::size_t i = 0; i < values.size(); ++i) {
      labels.emplace_back(spec.labels[i].name, values[i]);
    }
    metrics::Sample sample{metrics::Labels(std::move(labels)), 0, {}};
    if (spec.type == metrics::Type::histogram) {
      sample.histogram = histogram(spec, series.shown);
    } else {
      sample.value = series.shown[spec.value.empty() ? 0 : 1];
    }
    family.samples.push_back(std::move(sample));
  }
  return family;
}

}  // namespace backstay::collectors
