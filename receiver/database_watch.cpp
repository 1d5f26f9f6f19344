#include "receiver/database_watch.h"

#include "base/log.h"
#include "base/metric_family.h"
#include "base/pg.h"

namespace backstay {
namespace {

constexpr std::chrono::seconds kWithin{2};

}  // namespace

Result<void> DatabaseWatch::reach() const {
  const auto url = url_.read();
  if (!url) return fail(url.error());
  auto connection = pg::Connection::open(*url, kWithin);
  if (!connection) return fail(connection.error());
  const auto answer = connection->query("SELECT 1", {kWithin, kWithin, clock_.steady() + kWithin});
  if (!answer) return fail(answer.error());
  return {};
}

void DatabaseWatch::ask_once() {
  const auto reached = reach();
  const MutexLock lock(mutex_);
  if (is_up_ == reached.has_value()) return;
  if (!reached) {
    log::warn("the database cannot be reached; backups would fail",
              {{"error", reached.error().message}});
  } else if (is_up_) {
    log::info("the database can be reached again");
  }
  is_up_ = reached.has_value();
}

void DatabaseWatch::run(const std::stop_token& stop) {
  do {
    ask_once();
  } while (clock_.sleep(kInterval, stop));
}

std::vector<prometheus::MetricFamily> DatabaseWatch::Collect() const {
  const MutexLock lock(mutex_);
  if (!is_up_) return {};
  return {single_metric("backstay_receiver_database_up",
                        "1 while the database that backups are taken of can be reached.",
                        prometheus::MetricType::Gauge, *is_up_ ? 1 : 0)};
}

}  // namespace backstay
