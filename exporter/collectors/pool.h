#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/pg.h"
#include "base/result.h"
#include "base/secret.h"
#include "exporter/metrics/family.h"

namespace backstay::collectors {

// The only way to the database: a fixed number of threads, each with a connection of its own, so
// that there are never more connections than that, whatever happens. A thread that waits for a
// database that does not answer keeps its place taken; nobody waits for it. Thread-safe.
class Pool {
 public:
  // Reads something from the database, on one of the pool's threads.
  using Work = std::function<Result<metrics::Families>(pg::Connection&)>;
  // Gets the outcome, exactly once. has_answer: the database said something, if only an error.
  using Done = std::function<void(Result<metrics::Families> outcome, bool has_answer)>;

  Pool(SecretSource url, int connections_max, Clock& clock);
  // Joins its threads; each of them is bounded by its task's deadline. What waits is told that it
  // ends.
  ~Pool();

  // Does the work once, and once more where an old connection turned out to be dead. Work whose
  // deadline has passed before its turn is not begun.
  void submit(SteadyTime deadline, Work work, Done done) EXCLUDES(mutex_);
  // Connections that are open now.
  [[nodiscard]] int connections() const { return open_; }

 private:
  struct Entry {
    SteadyTime deadline;
    Work work;
    Done done;
  };
  void serve(const std::stop_token& stop);
  void perform(const Entry& entry, std::optional<pg::Connection>& connection);
  Result<void> open(std::optional<pg::Connection>& connection);

  const SecretSource url_;
  Clock& clock_;
  std::atomic<int> open_{0};
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Entry> queue_ GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace backstay::collectors
