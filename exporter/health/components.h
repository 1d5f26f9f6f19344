#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/mutex.h"
#include "exporter/collectors/pool.h"
#include "exporter/metrics/source.h"

namespace backstay::health {

// One thing that the service stands on, and how it is asked whether it works.
class Probe {
 public:
  virtual ~Probe() = default;
  // Success where it works. Bounded: it takes at most the given time.
  virtual Result<void> ask(std::chrono::milliseconds within) = 0;
};

// SELECT 1 through the pool.
std::unique_ptr<Probe> make_postgres_probe(collectors::Pool& pool, Clock& clock);
// GET; anything but 2xx is a failure.
std::unique_ptr<Probe> make_http_probe(std::string url, HttpClient& http);

struct Component {
  std::string name;
  std::string kind;
  bool critical = false;
  std::unique_ptr<Probe> probe;
};

struct State {
  std::string name;
  std::string kind;
  bool critical = false;
  bool is_known = false;  // asked, and not too long ago
  bool is_up = false;
  std::string problem;
  double seconds = 0;
};

// Asks all components over and over in the background, so that whoever wants to know is answered at
// once from memory. Thread-safe but for run().
class Components final : public metrics::Source {
 public:
  static constexpr std::chrono::seconds kInterval{15};
  static constexpr std::chrono::seconds kProbeWithin{5};
  static constexpr std::chrono::seconds kTooOld{45};

  Components(std::vector<Component> components, Clock& clock);
  void run(const std::stop_token& stop);
  // One round; takes at most kProbeWithin.
  void ask_all() EXCLUDES(mutex_);
  [[nodiscard]] std::vector<State> states() const EXCLUDES(mutex_);

  // backstay_health_component_up{component, kind, critical}, …_duration_seconds{component}; absent
  // while not known.
  [[nodiscard]] metrics::Families families() const override;

 private:
  void ask(std::size_t which) EXCLUDES(mutex_);

  struct Answer {
    SteadyTime at;
    Result<void> result;
    double seconds = 0;
  };
  const std::vector<Component> components_;
  Clock& clock_;
  mutable Mutex mutex_;
  std::vector<std::optional<Answer>> answers_ GUARDED_BY(mutex_);
};

}  // namespace backstay::health
