#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "receiver/journal/database.h"
#include "receiver/ledger/ledger.h"

namespace backstay {

// Calls a release good once it has been live for long enough. Not thread-safe.
class Promoter {
 public:
  // `settle`: a deployment that stays this long is good. The journal and the clock must outlive it.
  Promoter(std::chrono::milliseconds settle, journal::Database& journal, Clock& clock)
      : settle_(settle), journal_(journal), clock_(clock) {}

  // To be called again and again. A journal that cannot be read or written now is tried the next
  // time.
  void promote();

 private:
  // The live deployment since it was first seen here.
  struct Watched {
    std::int64_t deployment_id = 0;
    std::chrono::milliseconds age{0};  // then
    SteadyTime since;
  };

  bool has_settled(const Deployment& live);

  const std::chrono::milliseconds settle_;
  journal::Database& journal_;
  Clock& clock_;
  Watched watched_;
};

}  // namespace backstay
