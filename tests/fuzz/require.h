#pragma once

#include <cstdlib>

namespace backstay::fuzz {

// What must hold whatever bytes came: the fuzzer keeps the input that ends the program here.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace backstay::fuzz
