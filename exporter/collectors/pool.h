#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/pg.h"
#include "base/result.h"
#include "base/secret.h"
#include "exporter/collectors/task.h"

namespace backstay::collectors {

// The only way to the database: a fixed number of threads, each with a connection of its own, so
// that there are never more connections than that, whatever happens. A thread that waits for a
// database that does not answer keeps its place taken; nobody waits for it. Thread-safe.
class Pool {
 public:
  Pool(SecretSource url, int connections_max, Clock& clock);
  // Ends the queries that run, and tells all that wait that it ends.
  ~Pool();

  // Does the task once, and once more where an old connection turned out to be dead. One whose
  // deadline has passed before its turn is not begun.
  void submit(Task task) EXCLUDES(mutex_);
  // Work that nobody waits for: it lets the tasks pass, begins whenever there is room, and never
  // takes the last connection, unless that is the only one.
  void submit_beside(Work work, Done done) EXCLUDES(mutex_);
  // Connections that are open now.
  [[nodiscard]] int connections() const { return open_; }

  // While one lives, nothing begins: the questions that are submitted meanwhile go together.
  class Gathering {
   public:
    explicit Gathering(Pool& pool);
    ~Gathering();
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;

   private:
    Pool& pool_;
  };

 private:
  void serve(const std::stop_token& stop);
  [[nodiscard]] bool may_serve() const REQUIRES(mutex_) {
    return !queue_.empty() && gatherings_ == 0;
  }
  [[nodiscard]] bool may_serve_beside() const REQUIRES(mutex_) {
    return !beside_.empty() && beside_running_ < beside_max_ && gatherings_ == 0;
  }
  [[nodiscard]] std::vector<Task> take() REQUIRES(mutex_);
  void serve(std::vector<Task> tasks, std::optional<pg::Connection>& connection,
             const std::stop_token& stop);
  Result<void> open(std::optional<pg::Connection>& connection, SteadyTime deadline,
                    const std::stop_token& stop);

  const SecretSource url_;
  Clock& clock_;
  std::atomic<int> open_{0};
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> queue_ GUARDED_BY(mutex_);
  std::deque<Task> beside_ GUARDED_BY(mutex_);
  int beside_running_ GUARDED_BY(mutex_) = 0;
  int gatherings_ GUARDED_BY(mutex_) = 0;
  const int beside_max_;
  std::vector<std::jthread> threads_;
};

}  // namespace backstay::collectors
