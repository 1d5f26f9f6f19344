#include "exporter/collectors/pool.h"

#include <algorithm>
#include <string>

namespace backstay::collectors {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{2000};

// Questions in one round trip. One that hangs keeps only these waiting, and once: where a collector
// has failed, it is asked by itself.
constexpr std::size_t kTogetherMax = 20;

}  // namespace

Pool::Pool(SecretSource url, int connections_max, Clock& clock)
    : url_(std::move(url)), clock_(clock), beside_max_(std::max(1, connections_max - 1)) {
  for (int i = 0; i < connections_max; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  }
}

Pool::~Pool() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Pool::submit(Task task) {
  const MutexLock lock(mutex_);
  queue_.push_back(std::move(task));
  if (may_serve()) changed_.notify_one();
}

void Pool::submit_beside(Work work, Done done) {
  const MutexLock lock(mutex_);
  beside_.push_back({SteadyTime::max(), std::move(work), std::move(done)});
  changed_.notify_one();
}

Pool::Gathering::Gathering(Pool& pool) : pool_(pool) {
  const MutexLock lock(pool_.mutex_);
  ++pool_.gatherings_;
}

Pool::Gathering::~Gathering() {
  const MutexLock lock(pool_.mutex_);
  --pool_.gatherings_;
  if (pool_.may_serve() || pool_.may_serve_beside()) pool_.changed_.notify_one();
}

// The next task; and where that is a question, others of the same scrape.
std::vector<Task> Pool::take() {
  const bool is_beside = !may_serve();
  std::deque<Task>& from = is_beside ? beside_ : queue_;
  std::vector<Task> taken;
  taken.push_back(std::move(from.front()));
  from.pop_front();
  if (is_beside || !taken.front().question) return taken;
  for (auto task = from.begin(); task != from.end() && taken.size() < kTogetherMax;) {
    if (!task->question || task->deadline != taken.front().deadline) {
      ++task;
      continue;
    }
    taken.push_back(std::move(*task));
    task = from.erase(task);
  }
  return taken;
}

// Whoever takes something wakes the next one up where there is more.
void Pool::serve(const std::stop_token& stop) {
  std::optional<pg::Connection> connection;
  for (;;) {
    std::vector<Task> tasks;
    bool is_beside = false;
    {
      MutexLock lock(mutex_);
      const auto has_work = [this]() REQUIRES(mutex_) { return may_serve() || may_serve_beside(); };
      if (!changed_.wait(lock, stop, has_work)) return;
      is_beside = !may_serve();
      tasks = take();
      if (is_beside) ++beside_running_;
      if (has_work()) changed_.notify_one();
    }
    serve(std::move(tasks), connection, stop);
    if (is_beside) {
      const MutexLock lock(mutex_);
      --beside_running_;
      changed_.notify_one();
    }
  }
}

void Pool::serve(std::vector<Task> tasks, std::optional<pg::Connection>& connection,
                 const std::stop_token& stop) {
  const SteadyTime deadline = tasks.front().deadline;
  std::string why =
      stop.stop_requested() ? "stopping" : "no connection was free within the deadline";
  // One that was open before may have died with its server since; a fresh one that breaks is news.
  for (bool is_fresh = false;
       !is_fresh && !tasks.empty() && !stop.stop_requested() && clock_.steady() < deadline;) {
    is_fresh = !connection.has_value();
    if (is_fresh) {
      if (auto opened = open(connection, deadline, stop); !opened) {
        why = opened.error().message;
        break;
      }
      // The connection stays, for the next one who asks.
      if (clock_.steady() >= deadline) break;
    }
    tasks = perform(std::move(tasks), *connection, why);
    if (!connection->broken()) break;
    connection.reset();
    --open_;
  }
  for (const Task& task : tasks) task.done(fail(why), false);
}

Result<void> Pool::open(std::optional<pg::Connection>& connection, SteadyTime deadline,
                        const std::stop_token& stop) {
  const auto secret = url_.read();
  if (!secret) return fail(secret.error());
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline == SteadyTime::max() ? kConnectTimeout : deadline - clock_.steady());
  auto opened = pg::Connection::open(*secret, std::min(left, kConnectTimeout));
  if (!opened) return fail(opened.error());
  connection.emplace(std::move(*opened));
  connection->end_with(stop);
  ++open_;
  return {};
}

}  // namespace backstay::collectors
