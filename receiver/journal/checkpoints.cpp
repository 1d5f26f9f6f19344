#include "receiver/journal/checkpoints.h"

#include <sqlite3.h>

#include "base/log.h"
#include "receiver/journal/sqlite_error.h"

namespace backstay::journal {

std::unique_ptr<Checkpoints> Checkpoints::begin(const std::string& path, Mutex& writes,
                                                OnDamage on_damage) {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Checkpoints> begun(
      new Checkpoints(db, writes, std::move(on_damage)));  // closes db on every way out
  // A connection that has read nothing does not know of the log yet.
  if (code != SQLITE_OK || sqlite3_exec(db, "PRAGMA synchronous=FULL; SELECT 1 FROM sqlite_master",
                                        nullptr, nullptr, nullptr) != SQLITE_OK) {
    return nullptr;
  }
  Checkpoints* self = begun.get();
  begun->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
  return begun;
}

Checkpoints::~Checkpoints() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  sqlite3_close(db_);
}

void Checkpoints::note(int pages) {
  MutexLock lock(mutex_);
  pages_ = pages;
  if (pages < kDuePages) due_at_ = kDuePages;
  if (pages < due_at_) return;
  changed_.notify_all();
  if (pages < kPagesMax || !is_beside_commits_) return;
  ++waited_for_;
  changed_.wait(lock, [this]() REQUIRES(mutex_) { return !is_beside_commits_; });
}

void Checkpoints::run(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (changed_.wait(lock, stop, [this]() REQUIRES(mutex_) { return pages_ >= due_at_; })) {
    is_beside_commits_ = true;
    lock.unlock();
    bool is_whole = copy();
    lock.lock();
    is_beside_commits_ = false;
    changed_.notify_all();
    lock.unlock();
    if (!is_whole) {
      const MutexLock no_commits(writes_);
      is_whole = copy();
    }
    lock.lock();
    if (is_whole) ++made_;
    // Unless the log begins anew: until then the same would come of it.
    due_at_ = pages_ + kDuePages;
  }
}

// True where the whole log is in the file. Where the disk is full or bad, commits go into the log
// until they fail too.
bool Checkpoints::copy() {
  int in_log = 0;
  int copied = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    const SqliteError error(db_);
    log::error("a checkpoint of the journal failed", {{"error", error.what()}});
    if (error.is_damage()) on_damage_(error.what());
  }
  return code == SQLITE_OK && in_log == copied;
}

std::int64_t Checkpoints::made() const {
  const MutexLock lock(mutex_);
  return made_;
}

std::int64_t Checkpoints::waited_for() const {
  const MutexLock lock(mutex_);
  return waited_for_;
}

}  // namespace backstay::journal
