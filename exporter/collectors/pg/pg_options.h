#pragma once

#include <chrono>

namespace backstay::collectors {

// What can be chosen about the built-in PostgreSQL statistics. Every number of series has its
// limit.
struct PgOptions {
  int tables_max = 500;      // the largest ones; the others are counted
  int statements_top = 100;  // by total time; 0: none
  bool has_query_text = false;
  std::chrono::milliseconds slow_over{1000};
};

}  // namespace backstay::collectors
