#include <gtest/gtest.h>

#include "exporter/health/endpoints.h"
#include "tests/manual_clock.h"

namespace backstay::health {
namespace {

class FixedProbe final : public Probe {
 public:
  explicit FixedProbe(bool& is_up) : is_up_(is_up) {}
  Result<void> ask(std::chrono::milliseconds) override {
    if (!is_up_) return fail("connection \"refused\"");
    return {};
  }

 private:
  bool& is_up_;
};

// A critical database and an api that is not.
struct HealthEndpointsTest : ::testing::Test {
  static std::vector<Component> make(bool& database, bool& api) {
    std::vector<Component> list;
    list.push_back({"database", "postgres", true, std::make_unique<FixedProbe>(database)});
    list.push_back({"api", "http", false, std::make_unique<FixedProbe>(api)});
    return list;
  }
  bool database_is_up = true;
  bool api_is_up = true;
  test::ManualClock clock;
  Components components{make(database_is_up, api_is_up), clock};
};

TEST_F(HealthEndpointsTest, TheProcessAnswersWhateverIsBroken) {
  EXPECT_EQ(basic().status, 200);
  EXPECT_EQ(basic().json, "{\"status\":\"up\"}\n");
}

TEST_F(HealthEndpointsTest, WhatWasNotAskedYetIsNotReadyAndYetAlive) {
  EXPECT_EQ(ready(components).status, 503);
  EXPECT_EQ(ready(components).json, "{\"failing\":[\"database\"],\"status\":\"not ready\"}\n");
  EXPECT_EQ(live(components).status, 200);
}

TEST_F(HealthEndpointsTest, ReadyWhenAllAreUp) {
  components.ask_all();
  EXPECT_EQ(ready(components).status, 200);
  EXPECT_EQ(ready(components).json, "{\"failing\":[],\"status\":\"ready\"}\n");
  EXPECT_EQ(detailed(components).status, 200);
}

TEST_F(HealthEndpointsTest, ACriticalOneThatIsDownIsA503) {
  database_is_up = false;
  components.ask_all();
  EXPECT_EQ(ready(components).status, 503);
  EXPECT_EQ(detailed(components).status, 503);
  EXPECT_EQ(live(components).status, 200);  // to restart the exporter would not help
}

TEST_F(HealthEndpointsTest, OneThatIsNotCriticalIsToldAndCostsNothing) {
  api_is_up = false;
  components.ask_all();
  EXPECT_EQ(ready(components).status, 200);
  EXPECT_EQ(detailed(components).status, 200);
  EXPECT_EQ(detailed(components).json,
            "{\"components\":["
            "{\"component\":\"database\",\"critical\":true,\"kind\":\"postgres\","
            "\"latency_seconds\":0.0,\"status\":\"up\"},"
            "{\"component\":\"api\",\"critical\":false,\"kind\":\"http\",\"latency_seconds\":0.0,"
            "\"problem\":\"connection \\\"refused\\\"\",\"status\":\"down\"}],"
            "\"status\":\"ready\"}\n");
}

TEST_F(HealthEndpointsTest, WhoStoppedAskingIsNotAlive) {
  components.ask_all();
  clock.advance(Components::kTooOld);
  EXPECT_EQ(live(components).status, 503);
  EXPECT_EQ(ready(components).status, 503);
}

TEST_F(HealthEndpointsTest, WithoutComponentsAllIsWell) {
  const Components none({}, clock);
  EXPECT_EQ(live(none).status, 200);
  EXPECT_EQ(ready(none).status, 200);
  EXPECT_EQ(detailed(none).json, "{\"components\":[],\"status\":\"ready\"}\n");
}

}  // namespace
}  // namespace backstay::health
