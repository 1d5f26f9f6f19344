#include "exporter/collectors/measured.h"

#include <algorithm>

#include "base/log.h"

namespace backstay::collectors {

using std::chrono::milliseconds;

Measured::Measured(std::unique_ptr<Collector> collector, Pool& pool, RunnerLimits limits,
                   Clock& clock)
    : collector_(std::move(collector)), pool_(pool), limits_(limits), clock_(clock) {}

Record Measured::record() const {
  const MutexLock lock(mutex_);
  return record_;
}

void Measured::start_for_scrape(SteadyTime deadline, Told told) {
  const Work work = [self = shared_from_this(), deadline](pg::Connection& connection) {
    const milliseconds own = self->collector_->schedule().timeout;
    const milliseconds most = self->limits_.statement_timeout;
    return self->collect(connection, deadline, own.count() > 0 ? std::min(own, most) : most);
  };
  pool_.submit({deadline, work, recorded(std::move(told)), question(deadline)});
}

// One that has failed is asked by itself until it works again: it keeps others waiting once only.
std::optional<Question> Measured::question(SteadyTime deadline) {
  const MutexLock lock(mutex_);
  if (!collector_->is_quick() || !last_problem_.empty()) return std::nullopt;
  const auto self = shared_from_this();
  return Question{[self](int server_version) { return self->collector_->question(server_version); },
                  [self](const pg::Rows& rows, int server_version) {
                    return self->answer(rows, server_version);
                  },
                  [self, deadline]() { return self->limits_together(deadline); }};
}

// One that hangs is cancelled while there is time for the others.
pg::Limits Measured::limits_together(SteadyTime deadline) const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock_.steady());
  const milliseconds statement = std::min(limits_.statement_timeout, left * 9 / 20);
  return {std::max(statement, milliseconds(1)), limits_.lock_timeout, deadline};
}

std::optional<metrics::Snapshot> Measured::answer(const pg::Rows& rows, int server_version) {
  auto answer = collector_->answer(rows, server_version);
  const MutexLock lock(mutex_);
  rows_of_run_ = rows.size();
  return answer;
}

void Measured::start_beside(Told told) {
  pool_.submit_beside(
      [self = shared_from_this()](pg::Connection& connection) {
        const milliseconds timeout = self->collector_->schedule().timeout;
        return self->collect(connection, self->clock_.steady() + timeout, timeout);
      },
      recorded(std::move(told)));
}

// The server cancels before the deadline cuts its connection: a server that only loses its client
// goes on with the query, and that connection beside its successor would be one too many.
Result<metrics::Snapshot> Measured::collect(pg::Connection& connection, SteadyTime deadline,
                                            milliseconds statement_timeout) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock_.steady());
  const milliseconds statement = std::min(statement_timeout, left * 9 / 10);
  const pg::Limits limits{std::max(statement, milliseconds(1)), limits_.lock_timeout, deadline};
  const std::uint64_t rows_before = connection.rows_received();
  auto brought = collector_->snapshot(connection, limits);
  const MutexLock lock(mutex_);
  rows_of_run_ = connection.rows_received() - rows_before;
  return brought;
}

Done Measured::recorded(Told told) {
  return [self = shared_from_this(), told = std::move(told), begun = clock_.steady()](
             Result<metrics::Snapshot> brought, bool has_answer) {
    Outcome outcome;
    outcome.has_answer = has_answer;
    outcome.ended = self->clock_.steady();
    outcome.seconds = std::chrono::duration<double>(outcome.ended - begun).count();
    if (brought) {
      outcome.snapshot = std::move(*brought);
    } else {
      outcome.problem = brought.error().message;
    }
    self->keep_record(outcome);
    told(std::move(outcome));
  };
}

// Tells the log once when it begins to fail, and once when it works again.
void Measured::keep_record(const Outcome& outcome) {
  const MutexLock lock(mutex_);
  if (outcome.problem.empty()) {
    record_.last_success = clock_.now();
    record_.rows = rows_of_run_;
  } else {
    ++record_.errors;
  }
  if (last_problem_ == outcome.problem) return;
  if (outcome.problem.empty()) {
    log::info("a collector works again", {{"collector", name()}});
  } else {
    log::warn("a collector failed", {{"collector", name()}, {"error", outcome.problem}});
  }
  last_problem_ = outcome.problem;
}

}  // namespace backstay::collectors
