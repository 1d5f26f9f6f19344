#pragma once

#include "exporter/collectors/collector.h"

namespace backstay::collectors {

// Of what costs the server a look at each file. A scrape would wait longer for it than for all the
// rest, and what it tells changes slowly.
inline constexpr Schedule kSizeSchedule{std::chrono::seconds(30), std::chrono::seconds(90),
                                        std::chrono::seconds(15)};

}  // namespace backstay::collectors
