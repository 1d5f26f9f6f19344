#pragma once

#include <string>

#include "exporter/health/components.h"

namespace backstay::health {

struct Answer {
  int status = 200;
  std::string json;
};

// The health endpoints, from what is known already: none of them waits for anything.
//   /health           the process answers
//   /health/live      it makes progress: the components were asked not too long ago
//   /health/ready     503 where a critical component is down or not known
//   /health/detailed  the same with each component, its latency and what is wrong
Answer basic();
Answer live(const Components& components);
Answer ready(const Components& components);
Answer detailed(const Components& components);

}  // namespace backstay::health
