#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/metrics/source.h"
#include "exporter/sources/drain.h"

namespace backstay::sources {

// All drains of the configuration, by their paths:
//   backstay_drain_requests_total{drain, outcome}
//   backstay_drain_bytes_total{drain}
// Thread-safe.
class Drains final : public metrics::Source {
 public:
  // The sink must outlive it. Names are different from each other.
  Drains(std::vector<DrainConfig> configs, BatchSink& sink);

  // For web::DrainServer; this must outlive it.
  web::DrainHandlers handlers();
  [[nodiscard]] metrics::Families families() const override;

 private:
  template <class Answer>
  web::Response for_drain(const web::Request& request, Answer answer);

  std::map<std::string, std::unique_ptr<Drain>> drains_;
};

}  // namespace backstay::sources
