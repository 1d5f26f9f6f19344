#include "exporter/collectors/runner.h"

#include "base/log.h"

namespace backstay::collectors {
namespace {

// What one collector brought to one scrape.
struct Outcome {
  bool is_done = false;
  bool has_answer = false;  // the database said something, if only an error
  std::string problem;      // empty: success
  double seconds = 0;
  metrics::Families families;
};

}  // namespace

// A collector with what outlives a scrape. Shared with tasks that may outlive the runner's interest.
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
    const pg::Limits limits{limits_.statement_timeout, limits_.lock_timeout, collection->deadline};
    pool_.submit(
        collection->deadline,
        [entry, limits](pg::Connection& connection) {
          return entry->collector->collect(connection, limits);
        },
        [this, entry, collection, i, begun](Result<metrics::Families> brought, bool has_answer) {
          Outcome outcome;
          outcome.has_answer = has_answer;
          outcome.seconds = std::chrono::duration<double>(clock_.steady() - begun).count();
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
  const bool may_join = running_ && !running_->is_complete() && clock_.steady() < running_->deadline;
  if (may_join) return running_;
  running_ = std::make_shared<Collection>(entries_.size(), deadline);
  begin(running_);
  return running_;
}

metrics::Families Runner::collect(SteadyTime deadline) {
  const std::shared_ptr<Collection> collection = join_or_begin(deadline);
  const std::vector<Outcome> outcomes = collection->wait(std::min(deadline, collection->deadline));
  metrics::Family up{"pg_up", "Whether the database answered this scrape.", metrics::Type::gauge, {}};
  metrics::Family success{"backstay_scrape_collector_success",
                          "Whether the collector brought its metrics to this scrape.",
                          metrics::Type::gauge,
                          {}};
  metrics::Family duration{"backstay_scrape_collector_duration_seconds",
                           "How long the collector took, the wait for a connection included.",
                           metrics::Type::gauge,
                           {}};
  metrics::Families families;
  bool is_up = false;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const metrics::Labels labels{{"collector", entries_[i]->collector->name()}};
    const bool is_success = outcome.is_done && outcome.problem.empty();
    is_up = is_up || outcome.has_answer;
    success.samples.push_back({labels, is_success ? 1.0 : 0.0, {}});
    if (outcome.is_done) duration.samples.push_back({labels, outcome.seconds, {}});
    families.insert(families.end(), outcome.families.begin(), outcome.families.end());
  }
  up.samples.push_back({{}, is_up ? 1.0 : 0.0, {}});
  families.push_back(std::move(up));
  families.push_back(std::move(success));
  families.push_back(std::move(duration));
  families.push_back({"backstay_database_connections",
                      "Connections to the database that are open; never over max_connections.",
                      metrics::Type::gauge,
                      {{{}, static_cast<double>(pool_.connections()), {}}}});
  return families;
}

}  // namespace backstay::collectors
