#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"

struct sqlite3;

namespace backstay::journal {

// Copies what was committed from the write-ahead log into the file (a checkpoint), by a thread with
// a connection of its own, so that commits go on beside it. What came meanwhile is copied while
// none is made: then the next commit begins the log anew, which so stays at about kDuePages. A
// reader of another process that holds on to an old state keeps that from being, as long as it
// does. Thread-safe.
class Checkpoints {
 public:
  // In pages of 4 KB. Of the log, at which a checkpoint is due, and at which commits wait for its
  // end.
  static constexpr int kDuePages = 2'000;
  static constexpr int kPagesMax = 16'000;

  using OnDamage = std::function<void(const std::string& why)>;

  // `writes` is what whoever commits holds; `on_damage` is called by the thread where the file
  // turns out to be bad, and must not wait for it: commits that come one upon the other leave it to
  // nobody for long. An empty pointer where there is no such file, as of a journal in memory.
  static std::unique_ptr<Checkpoints> begin(const std::string& path, Mutex& writes,
                                            OnDamage on_damage);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // The log has so many pages: called after each commit, with `writes` held.
  void note(int pages) EXCLUDES(mutex_);
  // How many were made to their end, and how many commits had to wait for one.
  [[nodiscard]] std::int64_t made() const EXCLUDES(mutex_);
  [[nodiscard]] std::int64_t waited_for() const EXCLUDES(mutex_);

 private:
  Checkpoints(sqlite3* db, Mutex& writes, OnDamage on_damage)
      : db_(db), writes_(writes), on_damage_(std::move(on_damage)) {}
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  bool copy();

  sqlite3* db_;  // the thread's alone
  Mutex& writes_;
  const OnDamage on_damage_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  int pages_ GUARDED_BY(mutex_) = 0;
  int due_at_ GUARDED_BY(mutex_) = kDuePages;
  bool is_beside_commits_ GUARDED_BY(mutex_) = false;
  std::int64_t made_ GUARDED_BY(mutex_) = 0;
  std::int64_t waited_for_ GUARDED_BY(mutex_) = 0;
  std::jthread thread_;
};

}  // namespace backstay::journal
