#include "receiver/intake/refusal_log.h"

#include <utility>

namespace backstay::intake {

std::optional<std::uint64_t> RefusalLog::due(const std::string& kind, const std::string& from,
                                             SteadyTime now) {
  const MutexLock lock(mutex_);
  Kind& known = kinds_[kind];
  if (known.told.empty() || now - known.began_at >= kWindow) {
    known.began_at = now;
    known.told.clear();
  }
  const bool is_known = known.told.count(from) != 0;
  if (is_known || known.told.size() >= kSendersMax) {
    ++known.left_out;
    return std::nullopt;
  }
  known.told.insert(from);
  return std::exchange(known.left_out, 0);
}

}  // namespace backstay::intake
