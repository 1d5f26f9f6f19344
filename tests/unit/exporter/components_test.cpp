#include "exporter/health/components.h"

#include <functional>
#include <future>

#include <gtest/gtest.h>

#include "tests/manual_clock.h"

namespace backstay::health {
namespace {

class FakeProbe final : public Probe {
 public:
  explicit FakeProbe(std::function<Result<void>()> answer) : answer_(std::move(answer)) {}
  Result<void> ask(std::chrono::milliseconds) override { return answer_(); }

 private:
  std::function<Result<void>()> answer_;
};

class FakeHttp final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override {
    asked = request;
    return answer;
  }
  HttpRequest asked;
  Result<HttpResponse> answer = HttpResponse{200, ""};
};

Component component(const std::string& name, bool critical, std::function<Result<void>()> answer) {
  return {name, "http", critical, std::make_unique<FakeProbe>(std::move(answer))};
}

Result<void> works() { return {}; }

template <class... Each>
std::vector<Component> list(Each... each) {
  std::vector<Component> components;
  (components.push_back(std::move(each)), ...);
  return components;
}

TEST(Components, AreNotKnownBeforeTheyWereAsked) {
  test::ManualClock clock;
  const Components components(list(component("api", true, works)), clock);
  ASSERT_EQ(components.states().size(), 1U);
  EXPECT_FALSE(components.states()[0].is_known);
  EXPECT_EQ(components.states()[0].problem, "not asked yet");
  for (const metrics::Family& family : components.families()) {
    EXPECT_TRUE(family.samples.empty()) << family.name;
  }
}

TEST(Components, TellWhatTheyAnsweredAndHowLongItTook) {
  test::ManualClock clock;
  const auto slow = [&clock]() -> Result<void> {
    clock.advance(std::chrono::milliseconds(250));
    return {};
  };
  Components components(list(component("api", true, slow)), clock);
  components.ask_all();
  const State state = components.states()[0];
  EXPECT_TRUE(state.is_known);
  EXPECT_TRUE(state.is_up);
  EXPECT_TRUE(state.critical);
  EXPECT_EQ(state.problem, "");
  EXPECT_EQ(state.seconds, 0.25);
}

TEST(Components, OneThatFailsSaysWhy) {
  test::ManualClock clock;
  bool is_broken = true;
  const auto answer = [&is_broken]() -> Result<void> {
    if (is_broken) return fail("connection refused");
    return {};
  };
  Components components(list(component("api", false, answer), component("b", true, works)), clock);
  components.ask_all();
  EXPECT_TRUE(components.states()[0].is_known);
  EXPECT_FALSE(components.states()[0].is_up);
  EXPECT_EQ(components.states()[0].problem, "connection refused");
  EXPECT_TRUE(components.states()[1].is_up);
  is_broken = false;
  components.ask_all();
  EXPECT_TRUE(components.states()[0].is_up);
}

TEST(Components, AnOldAnswerIsNoAnswer) {
  test::ManualClock clock;
  Components components(list(component("api", true, works)), clock);
  components.ask_all();
  clock.advance(Components::kTooOld - std::chrono::milliseconds(1));
  EXPECT_TRUE(components.states()[0].is_known);
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(components.states()[0].is_known);
  EXPECT_EQ(components.states()[0].problem, "the last answer is too old");
  EXPECT_TRUE(components.families()[0].samples.empty());
}

// Asked one after the other, ten that hang would take longer than an answer is good for.
TEST(Components, OneThatHangsDoesNotKeepTheOthersWaiting) {
  test::ManualClock clock;
  std::promise<void> second_was_asked;
  const auto hangs = [&second_was_asked]() -> Result<void> {
    const auto wait = second_was_asked.get_future().wait_for(std::chrono::seconds(30));
    if (wait != std::future_status::ready) return fail("it was alone");
    return {};
  };
  const auto second = [&second_was_asked]() -> Result<void> {
    second_was_asked.set_value();
    return {};
  };
  Components components(list(component("hangs", true, hangs), component("second", true, second)),
                        clock);
  components.ask_all();
  EXPECT_EQ(components.states()[0].problem, "");
}

TEST(Components, AreMetrics) {
  test::ManualClock clock;
  const auto broken = []() -> Result<void> { return fail("no"); };
  Components components(list(component("api", false, broken), component("db", true, works)), clock);
  components.ask_all();
  const metrics::Families families = components.families();
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].name, "backstay_health_component_up");
  ASSERT_EQ(families[0].samples.size(), 2U);
  EXPECT_EQ(families[0].samples[0].labels,
            (metrics::Labels{{"component", "api"}, {"kind", "http"}, {"critical", "false"}}));
  EXPECT_EQ(families[0].samples[0].value, 0);
  EXPECT_EQ(families[0].samples[1].value, 1);
  EXPECT_EQ(families[1].name, "backstay_health_component_duration_seconds");
  EXPECT_EQ(families[1].samples[1].labels, (metrics::Labels{{"component", "db"}}));
}

TEST(Components, RunUntilStopped) {
  test::ManualClock clock;
  std::stop_source stop;
  int asked = 0;
  const auto answer = [&]() -> Result<void> {
    if (++asked == 3) stop.request_stop();
    return {};
  };
  Components components(list(component("api", true, answer)), clock);
  const SteadyTime begun = clock.steady();
  components.run(stop.get_token());
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(clock.steady() - begun, 2 * Components::kInterval);
}

TEST(HttpProbe, AnythingBut2xxIsAFailure) {
  FakeHttp http;
  const auto probe = make_http_probe("http://127.0.0.1/health", http);
  EXPECT_TRUE(probe->ask(std::chrono::seconds(3)));
  EXPECT_EQ(http.asked.method, "GET");
  EXPECT_EQ(http.asked.url, "http://127.0.0.1/health");
  EXPECT_EQ(http.asked.deadline, std::chrono::seconds(3));
  for (int status : {302, 404, 500, 503}) {
    http.answer = HttpResponse{status, ""};
    const auto answer = probe->ask(std::chrono::seconds(3));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "it answers " + std::to_string(status));
  }
  http.answer = fail("connection refused");
  EXPECT_EQ(probe->ask(std::chrono::seconds(3)).error().message, "connection refused");
}

}  // namespace
}  // namespace backstay::health
