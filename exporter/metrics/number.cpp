#include "exporter/metrics/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace backstay::metrics {
namespace {

constexpr double kExactMax = 9'007'199'254'740'992;  // 2^53: up to here each whole number is exact
// Outside of this range an exponent is shorter to read, as printf's %g has it.
constexpr double kFixedMin = 1e-4;
constexpr double kFixedMax = 1e16;
constexpr double kBoundFixedMax = 1e6;
constexpr std::size_t kDigitsMax = 32;

bool append_special(std::string& to, double value) {
  if (std::isfinite(value)) return false;
  if (std::isnan(value)) {
    to += "NaN";
  } else {
    to += value > 0 ? "+Inf" : "-Inf";
  }
  return true;
}

template <class... Arguments>
void append_chars(std::string& to, Arguments... arguments) {
  char digits[kDigitsMax];
  const auto written = std::to_chars(digits, digits + kDigitsMax, arguments...);
  to.append(digits, written.ptr);
}

void append_float(std::string& to, double value, double fixed_max) {
  const double magnitude = std::fabs(value);
  const bool is_fixed = magnitude >= kFixedMin && magnitude < fixed_max;
  append_chars(to, value, is_fixed ? std::chars_format::fixed : std::chars_format::scientific);
}

}  // namespace

void append_value(std::string& to, double value) {
  if (std::fabs(value) < kExactMax) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value) {
      append_chars(to, whole);
      return;
    }
  }
  if (!append_special(to, value)) append_float(to, value, kFixedMax);
}

void append_canonical_bound(std::string& to, double bound) {
  if (append_special(to, bound)) return;
  if (bound == 0) {
    to += "0.0";
    return;
  }
  append_float(to, bound, kBoundFixedMax);
  const bool is_whole = bound == std::trunc(bound) && std::fabs(bound) < kBoundFixedMax;
  if (is_whole) to += ".0";
}

}  // namespace backstay::metrics
