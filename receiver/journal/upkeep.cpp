#include "receiver/journal/upkeep.h"

#include <exception>

#include "base/log.h"

namespace backstay::journal {

bool Upkeep::go_round() {
  const WallTime now = clock_.now();
  if (now - began_ >= kFromTheBeginning) {
    place_ = {};
    began_ = now;
  }
  RetentionPlace reached = place_;
  const auto written = journal_.write([&](Transaction& tx) {
    reached = remove_old(tx, now - keep_, place_);
    tx.prepare(
          "INSERT INTO totals VALUES ('upkeep', 'rounds', '', 1) "
          "ON CONFLICT DO UPDATE SET total = total + 1")
        .run();
  });
  if (written) {
    if (!can_write_) log::info("the journal can be written again");
    place_ = reached;
  } else if (can_write_) {
    log::error("the journal cannot be written", {{"error", written.error().message}});
  }
  can_write_ = written.has_value();
  return can_write_ && place_.has_more;
}

// An exception must not end the thread.
void Upkeep::run(const std::stop_token& stop) {
  bool has_more = false;
  do {
    try {
      has_more = go_round();
    } catch (const std::exception& error) {
      log::error("the journal's upkeep met an exception", {{"error", error.what()}});
      has_more = false;
    }
  } while (clock_.sleep(has_more ? kPause : std::chrono::milliseconds(kInterval), stop));
}

}  // namespace backstay::journal
