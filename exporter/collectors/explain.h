#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/pg.h"
#include "base/result.h"
#include "exporter/collectors/collector.h"

namespace backstay::collectors {

// What --config.check says of one query.
struct Finding {
  enum class Kind { good, slow, wrong };
  Kind kind = Kind::good;
  std::string collector;
  std::string text;  // why it is wrong, or what makes it slow
};

// Lets the server explain the statement of each collector that has one, without running it. Slow is
// a sequential scan over a table that the server holds for larger than kLargeTableRows, more often
// than once a minute. Fails where the server cannot be asked at all.
Result<std::vector<Finding>> explain(const std::vector<std::unique_ptr<Collector>>& collectors,
                                     pg::Connection& connection, const pg::Limits& limits);

inline constexpr double kLargeTableRows = 100'000;

}  // namespace backstay::collectors
