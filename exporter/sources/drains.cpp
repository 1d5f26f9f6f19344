#include "exporter/sources/drains.h"

#include <string_view>
#include <utility>

namespace backstay::sources {
namespace {

constexpr std::string_view kPath = "/drains/";

}  // namespace

Drains::Drains(std::vector<DrainConfig> configs, BatchSink& sink) {
  for (DrainConfig& config : configs) {
    const std::string name = config.name;
    drains_.emplace(name, std::make_unique<Drain>(std::move(config), sink));
  }
}

template <class Answer>
web::Response Drains::for_drain(const web::Request& request, Answer answer) {
  const bool is_below = request.path.rfind(kPath, 0) == 0;
  const auto drain = drains_.find(is_below ? request.path.substr(kPath.size()) : "");
  if (drain == drains_.end()) return {404, "there is no such drain\n"};
  if (request.method == "POST") return answer(*drain->second);
  web::Response refused{405, "only POST\n"};
  refused.headers.emplace_back("Allow", "POST");
  return refused;
}

web::DrainHandlers Drains::handlers() {
  return {[this](const web::Request& request, web::Body& body) {
            return for_drain(request, [&](Drain& drain) { return drain.receive(request, body); });
          },
          [this](const web::Request& request) {
            return for_drain(request, [](Drain& drain) { return drain.turn_away(); });
          }};
}

metrics::Families Drains::families() const {
  metrics::Family requests{"backstay_drain_requests_total",
                           "Requests to a drain, by what became of them.",
                           metrics::Type::counter,
                           {}};
  metrics::Family bytes{"backstay_drain_bytes_total",
                        "Bytes of bodies that a drain has read, inflated.",
                        metrics::Type::counter,
                        {}};
  for (const auto& [name, drain] : drains_) {
    for (std::size_t i = 0; i < kDrainOutcomes; ++i) {
      const auto outcome = static_cast<DrainOutcome>(i);
      requests.samples.push_back(
          {metrics::Labels{{"drain", name}, {"outcome", std::string(to_string(outcome))}},
           static_cast<double>(drain->count(outcome)),
           {}});
    }
    bytes.samples.push_back(
        {metrics::Labels{{"drain", name}}, static_cast<double>(drain->bytes()), {}});
  }
  return {std::move(requests), std::move(bytes)};
}

}  // namespace backstay::sources
