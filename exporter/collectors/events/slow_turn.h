#pragma once

#include <atomic>

namespace backstay::collectors {

// Long queries take turns, so that they never hold more than one of the pool's connections. Nobody
// waits: who does not get the turn tries again the next time. Thread-safe.
class SlowTurn {
 public:
  // Takes the turn, if it is free, and gives it back at the end of its scope.
  class Taken {
   public:
    explicit Taken(SlowTurn& turn) : turn_(turn), is_ours_(!turn.is_taken_.exchange(true)) {}
    ~Taken() {
      if (is_ours_) turn_.is_taken_ = false;
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    explicit operator bool() const { return is_ours_; }

   private:
    SlowTurn& turn_;
    const bool is_ours_;
  };

 private:
  std::atomic<bool> is_taken_{false};
};

}  // namespace backstay::collectors
