#include "exporter/collectors/runner.h"

#include <algorithm>

#include "base/log.h"

namespace backstay::collectors {

// What one collector brought to one scrape.
struct Runner::Outcome {
  bool is_done = false;
  bool has_answer = false;  // the database said something, if only an error
  std::string problem;      // empty: success
  double seconds = 0;
  metrics::Families families;
};

namespace {

// The server cancels before the deadline cuts its connection: a server that only loses its client
// goes on with the query, and that connection beside its successor would be one too many.
pg::Limits limits_until(SteadyTime deadline, const RunnerLimits& limits, SteadyTime now) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - now);
  const milliseconds statement = std::min(limits.statement_timeout, left * 9 / 10);
  return {std::max(statement, milliseconds(1)), limits.lock_timeout, deadline};
}

}  // namespace

// A collector with what outlives a scrape. Shared with tasks that may outlive the runner's
// interest.
struct Runner::Entry {
  std::unique_ptr<Collector> collector;
  std::atomic<bool> is_busy{false};
  Mutex mutex;
  std::string last_problem GUARDED_BY(mutex);
};

struct Runner::Collection {
  Collection(std::size_t collectors, SteadyTime until) : deadline(until), outcomes(collectors) {}

  const SteadyTime deadline;
  Mutex mutex;
  std::condition_variable_any changed;
  std::vector<Outcome> outcomes GUARDED_BY(mutex);
  std::size_t done GUARDED_BY(mutex) = 0;

  void put(std::size_t which, Outcome outcome) EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    if (!outcomes[which].is_done) ++done;
    outcome.is_done = true;
    outcomes[which] = std::move(outcome);
    changed.notify_all();
  }
  [[nodiscard]] bool is_complete() EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    return done == outcomes.size();
  }
  // What is there when all is done, or at the deadline.
  std::vector<Outcome> wait(SteadyTime until) EXCLUDES(mutex) {
    MutexLock lock(mutex);
    changed.wait_until(lock, until, [this]() REQUIRES(mutex) { return done == outcomes.size(); });
    return outcomes;
  }
};

Runner::Runner(std::vector<std::unique_ptr<Collector>> collectors, Pool& pool, RunnerLimits limits,
               Clock& clock)
    : pool_(pool), limits_(limits), clock_(clock) {
  for (auto& collector : collectors) {
    entries_.push_back(std::make_shared<Entry>());
    entries_.back()->collector = std::move(collector);
  }
}

// Tells the log once when a collector begins to fail, and once when it works again.
void Runner::log_change(Entry& entry, const std::string& problem) {
  const MutexLock lock(entry.mutex);
  if (entry.last_problem == problem) return;
  if (problem.empty()) {
    log::info("a collector works again", {{"collector", entry.collector->name()}});
  } else {
    log::warn("a collector failed", {{"collector", entry.collector->name()}, {"error", problem}});
  }
  entry.last_problem = problem;
}

void Runner::begin(const std::shared_ptr<Collection>& collection) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::shared_ptr<Entry> entry = entries_[i];
    if (entry->is_busy.exchange(true)) {
      Outcome outcome;
      outcome.problem = "still busy with an earlier scrape";
      collection->put(i, std::move(outcome));
      continue;
    }
    const SteadyTime begun = clock_.steady();
    // The tasks may outlive this runner, but neither the pool nor the clock.
    pool_.submit(
        collection->deadline,
        [entry, deadline = collection->deadline, limits = limits_,
         &clock = clock_](pg::Connection& connection) {
          return entry->collector->collect(connection,
                                           limits_until(deadline, limits, clock.steady()));
        },
        [entry, collection, i, begun, &clock = clock_](Result<metrics::Families> brought,
                                                       bool has_answer) {
          Outcome outcome;
          outcome.has_answer = has_answer;
          outcome.seconds = std::chrono::duration<double>(clock.steady() - begun).count();
          if (brought) {
            outcome.families = std::move(*brought);
          } else {
            outcome.problem = brought.error().message;
          }
          log_change(*entry, outcome.problem);
          entry->is_busy = false;
          collection->put(i, std::move(outcome));
        });
  }
}

std::shared_ptr<Runner::Collection> Runner::join_or_begin(SteadyTime deadline) {
  const MutexLock lock(mutex_);
  const bool may_join =
      running_ && !running_->is_complete() && clock_.steady() < running_->deadline;
  if (may_join) return running_;
  running_ = std::make_shared<Collection>(entries_.size(), deadline);
  begin(running_);
  return running_;
}

metrics::Families Runner::collect(SteadyTime deadline) {
  const std::shared_ptr<Collection> collection = join_or_begin(deadline);
  const std::vector<Outcome> outcomes = collection->wait(std::min(deadline, collection->deadline));
  metrics::Families families = own_families(outcomes);
  for (const Outcome& outcome : outcomes) {
    families.insert(families.end(), outcome.families.begin(), outcome.families.end());
  }
  return families;
}

metrics::Families Runner::own_families(const std::vector<Outcome>& outcomes) const {
  metrics::Family up{
      "pg_up", "Whether the database answered this scrape.", metrics::Type::gauge, {}};
  metrics::Family success{"backstay_scrape_collector_success",
                          "Whether the collector brought its metrics to this scrape.",
                          metrics::Type::gauge,
                          {}};
  metrics::Family duration{"backstay_scrape_collector_duration_seconds",
                           "How long the collector took, the wait for a connection included.",
                           metrics::Type::gauge,
                           {}};
  bool is_up = false;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const metrics::Labels labels{{"collector", entries_[i]->collector->name()}};
    const bool is_success = outcome.is_done && outcome.problem.empty();
    is_up = is_up || outcome.has_answer;
    success.samples.push_back({labels, is_success ? 1.0 : 0.0, {}});
    if (outcome.is_done) duration.samples.push_back({labels, outcome.seconds, {}});
  }
  // Where nobody asked, nothing is known.
  if (!outcomes.empty()) up.samples.push_back({{}, is_up ? 1.0 : 0.0, {}});
  metrics::Family connections{
      "backstay_database_connections",
      "Connections to the database that are open; never over max_connections.",
      metrics::Type::gauge,
      {{{}, static_cast<double>(pool_.connections()), {}}}};
  return {std::move(up), std::move(success), std::move(duration), std::move(connections)};
}

}  // namespace backstay::collectors
