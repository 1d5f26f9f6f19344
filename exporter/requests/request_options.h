#pragma once

#include <cstddef>

#include "exporter/requests/routes.h"

namespace backstay::requests {

// What the section `requests` says of counting.
struct RequestOptions {
  Routes routes{{}};
  std::size_t series_max = 2000;  // combinations of method, route and status
  std::size_t routes_max = 150;   // learned from paths
  double slow_seconds = 1;        // what takes longer is slow
};

}  // namespace backstay::requests
