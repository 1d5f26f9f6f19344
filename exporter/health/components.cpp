#include "exporter/health/components.h"

#include <future>
#include <thread>

namespace backstay::health {
namespace {

class PostgresProbe final : public Probe {
 public:
  PostgresProbe(collectors::Pool& pool, Clock& clock) : pool_(pool), clock_(clock) {}

  Result<void> ask(std::chrono::milliseconds within) override {
    const SteadyTime deadline = clock_.steady() + within;
    // Shared with the pool, which may come to its end after we have given up.
    auto answer = std::make_shared<std::promise<Result<void>>>();
    std::future<Result<void>> future = answer->get_future();
    pool_.submit({deadline,
                  [deadline](pg::Connection& connection) -> Result<metrics::Snapshot> {
                    const auto rows = connection.query(
                        "SELECT 1", {std::chrono::seconds(5), std::chrono::seconds(1), deadline});
                    if (!rows) return fail(rows.error());
                    return metrics::Snapshot();
                  },
                  [answer](const Result<metrics::Snapshot>& outcome, bool) {
                    answer->set_value(outcome ? Result<void>()
                                              : Result<void>(fail(outcome.error())));
                  }});
    if (future.wait_for(within) != std::future_status::ready) return fail("no answer in time");
    return future.get();
  }

 private:
  collectors::Pool& pool_;
  Clock& clock_;
};

class HttpProbe final : public Probe {
 public:
  HttpProbe(std::string url, HttpClient& http) : url_(std::move(url)), http_(http) {}

  Result<void> ask(std::chrono::milliseconds within) override {
    HttpRequest request;
    request.url = url_;
    request.deadline = within;
    const auto answer = http_.send(request);
    if (!answer) return fail(answer.error());
    if (answer->status / 100 != 2) return fail("it answers " + std::to_string(answer->status));
    return {};
  }

 private:
  std::string url_;
  HttpClient& http_;
};

}  // namespace

std::unique_ptr<Probe> make_postgres_probe(collectors::Pool& pool, Clock& clock) {
  return std::make_unique<PostgresProbe>(pool, clock);
}

std::unique_ptr<Probe> make_http_probe(std::string url, HttpClient& http) {
  return std::make_unique<HttpProbe>(std::move(url), http);
}

Components::Components(std::vector<Component> components, Clock& clock)
    : components_(std::move(components)), clock_(clock), answers_(components_.size()) {}

void Components::run(const std::stop_token& stop) {
  do {
    ask_all();
  } while (clock_.sleep(kInterval, stop));
}

// All at once: one that hangs would make the answers of the others old.
void Components::ask_all() {
  std::vector<std::jthread> askers;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    askers.emplace_back([this, i]() { ask(i); });
  }
}

void Components::ask(std::size_t which) {
  const SteadyTime begun = clock_.steady();
  Result<void> result = components_[which].probe->ask(kProbeWithin);
  const SteadyTime now = clock_.steady();
  const MutexLock lock(mutex_);
  answers_[which] =
      Answer{now, std::move(result), std::chrono::duration<double>(now - begun).count()};
}

std::vector<State> Components::states() const {
  const SteadyTime now = clock_.steady();
  std::vector<State> states;
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < components_.size(); ++i) {
    const Component& component = components_[i];
    State state{
        component.name, component.kind, component.critical, false, false, "not asked yet", 0};
    if (const auto& answer = answers_[i]; answer && now - answer->at < kTooOld) {
      state.is_known = true;
      state.is_up = answer->result.has_value();
      state.problem = state.is_up ? "" : answer->result.error().message;
      state.seconds = answer->seconds;
    } else if (answer) {
      state.problem = "the last answer is too old";
    }
    states.push_back(state);
  }
  return states;
}

metrics::Families Components::families() const {
  metrics::Family up{
      "backstay_health_component_up", "1 while the component works.", metrics::Type::gauge, {}};
  metrics::Family duration{"backstay_health_component_duration_seconds",
                           "How long the component took to answer, in seconds.",
                           metrics::Type::gauge,
                           {}};
  for (const State& state : states()) {
    if (!state.is_known) continue;
    up.samples.push_back({{{"component", state.name},
                           {"kind", state.kind},
                           {"critical", state.critical ? "true" : "false"}},
                          state.is_up ? 1.0 : 0.0,
                          {}});
    duration.samples.push_back({{{"component", state.name}}, state.seconds, {}});
  }
  return {std::move(up), std::move(duration)};
}

}  // namespace backstay::health
