#pragma once

#include <string>

#include "base/secret.h"

namespace backstay {

// Hashes as htpasswd -B and Prometheus' exporters have them: $2a$, $2b$ or $2y$, the cost, 53
// characters. The cost is bounded, because one check at cost 10 takes 50 ms and each step doubles
// it.
inline constexpr int kBcryptCostMin = 4;
inline constexpr int kBcryptCostMax = 15;

[[nodiscard]] bool is_bcrypt_hash(const std::string& text);

// Takes as long for a wrong password as for the right one. The only includer of crypt.h.
// Thread-safe.
[[nodiscard]] bool bcrypt_matches(const Secret& password, const Secret& hash);

}  // namespace backstay
