#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <prometheus/collectable.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"

namespace backstay {

// Asks now and then whether the database that backups are taken of can be reached, and logs when
// that changes: that a backup would fail is better known before one is needed. Nothing waits for
// it, and the receiver starts and works without the database. Thread-safe but for run().
class DatabaseWatch final : public prometheus::Collectable {
 public:
  static constexpr std::chrono::seconds kInterval{15};

  DatabaseWatch(SecretSource url, Clock& clock) : url_(std::move(url)), clock_(clock) {}

  void run(const std::stop_token& stop);
  void ask_once() EXCLUDES(mutex_);
  // backstay_receiver_database_up: 1, 0, or absent before the first answer.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> reach() const;

  const SecretSource url_;
  Clock& clock_;
  mutable Mutex mutex_;
  std::optional<bool> is_up_ GUARDED_BY(mutex_);
};

}  // namespace backstay
