#include "exporter/collectors/pool.h"

#include <exception>

namespace backstay::collectors {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{2000};

// What is thrown ends neither the thread nor the wait of whoever asked.
Result<metrics::Families> attempt(const Pool::Work& work, pg::Connection& connection) {
  try {
    return work(connection);
  } catch (const std::exception& error) {
    return fail(std::string("it ended in an exception: ") + error.what());
  }
}

}  // namespace

Pool::Pool(SecretSource url, int connections_max, Clock& clock)
    : url_(std::move(url)), clock_(clock) {
  for (int i = 0; i < connections_max; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  }
}

Pool::~Pool() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Pool::submit(SteadyTime deadline, Work work, Done done) {
  const MutexLock lock(mutex_);
  queue_.push_back({deadline, std::move(work), std::move(done)});
  changed_.notify_one();
}

void Pool::serve(const std::stop_token& stop) {
  std::optional<pg::Connection> connection;
  for (;;) {
    Entry entry;
    {
      MutexLock lock(mutex_);
      if (!changed_.wait(lock, stop, [this]() REQUIRES(mutex_) { return !queue_.empty(); })) return;
      entry = std::move(queue_.front());
      queue_.pop_front();
    }
    if (stop.stop_requested()) {
      entry.done(fail("stopping"), false);
    } else {
      perform(entry, connection);
    }
  }
}

void Pool::perform(const Entry& entry, std::optional<pg::Connection>& connection) {
  Result<metrics::Families> outcome = fail("no connection was free within the deadline");
  // One that was open before may have died with its server since; a fresh one that breaks is news.
  for (bool is_fresh = false; !is_fresh && clock_.steady() < entry.deadline;) {
    is_fresh = !connection.has_value();
    if (is_fresh) {
      if (auto opened = open(connection); !opened) {
        outcome = fail(opened.error());
        break;
      }
      // The connection stays, for the next one who asks.
      if (clock_.steady() >= entry.deadline) break;
    }
    outcome = attempt(entry.work, *connection);
    if (!connection->broken()) return entry.done(std::move(outcome), true);
    connection.reset();
    --open_;
  }
  entry.done(std::move(outcome), false);
}

Result<void> Pool::open(std::optional<pg::Connection>& connection) {
  const auto secret = url_.read();
  if (!secret) return fail(secret.error());
  auto opened = pg::Connection::open(*secret, kConnectTimeout);
  if (!opened) return fail(opened.error());
  connection.emplace(std::move(*opened));
  ++open_;
  return {};
}

}  // namespace backstay::collectors
