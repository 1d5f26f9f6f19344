#include "receiver/journal/trusted_time.h"

namespace backstay::journal {

bool TrustedTime::agree(const Moment& moment, WallTime now, SteadyTime steady) {
  const WallTime expected = moment.at(steady);
  return now <= expected + kJump && now >= expected - kJump;
}

bool TrustedTime::observe(WallTime now, SteadyTime steady) {
  if (!agree(trusted_, now, steady)) {
    if (!jumped_ || !agree(*jumped_, now, steady)) jumped_ = Moment{now, steady};
    if (steady - jumped_->steady < kHoldFor) return false;
  }
  trusted_ = {now, steady};
  jumped_.reset();
  return true;
}

}  // namespace backstay::journal
