#include "exporter/collectors/pool.h"

#include "base/log.h"

namespace backstay::collectors {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{2000};

Result<pg::Connection> connect(const SecretSource& url) {
  const auto secret = url.read();
  if (!secret) return fail(secret.error());
  return pg::Connection::open(*secret, kConnectTimeout);
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

int Pool::connections() const {
  const MutexLock lock(mutex_);
  return open_;
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
    const bool was_open = connection.has_value();
    perform(entry, connection);
    const MutexLock lock(mutex_);
    open_ += static_cast<int>(connection.has_value()) - static_cast<int>(was_open);
  }
}

void Pool::perform(const Entry& entry, std::optional<pg::Connection>& connection) {
  for (;;) {
    if (clock_.steady() >= entry.deadline) {
      return entry.done(fail("no connection was free within the deadline"), false);
    }
    const bool is_fresh = !connection.has_value();
    if (is_fresh) {
      auto opened = connect(url_);
      if (!opened) return entry.done(fail(opened.error()), false);
      connection.emplace(std::move(*opened));
    }
    auto outcome = entry.work(*connection);
    const bool has_answer = !connection->broken();
    if (!has_answer) connection.reset();
    // One that was open before may have died with its server since; a fresh one that breaks is news.
    if (has_answer || is_fresh) return entry.done(std::move(outcome), has_answer);
  }
}

}  // namespace backstay::collectors
