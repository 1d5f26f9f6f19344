// verified: what counts as proof that a release serves, and what does not.

#include "receiver/actions/verify.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"
#include "tests/scripted_http.h"

namespace backstay {
namespace {

using std::chrono::seconds;

struct VerifyTest : ::testing::Test {
  VerifyTest() { run.release_to = "1"; }
  StepResult verify(const std::stop_token& stop = {}) {
    return Verify({"http://app/health", "http://app/version", seconds(5), seconds(1)}, http, clock)
        .perform({run, event, 1, stop});
  }

  test::ManualClock clock;
  test::ScriptedHttp http;
  journal::Run run;
  Event event;
};

TEST_F(VerifyTest, NeedsHealthAndTheRightVersion) {
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "1"})");
  const StepResult result = verify();
  EXPECT_EQ(result.outcome, Outcome::done);
  EXPECT_EQ(result.detail, "healthy, and its version is 1");
}

TEST_F(VerifyTest, AnotherReleaseThatIsHealthyIsNoProof) {
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "2"})");
  const StepResult result = verify();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "version is not that of release 1, for 5s");
}

TEST_F(VerifyTest, TheRightReleaseThatIsIllIsNoProof) {
  http.answer("/health", 503, "");
  http.answer("/version", 200, R"({"release": "1"})");
  const StepResult result = verify();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "health answers 503, for 5s");
}

TEST_F(VerifyTest, AsksUntilTheServiceIsUp) {
  http.answer("/health", 503, "");
  http.answer("/health", 503, "");
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "1"})");
  const WallTime begin = clock.now();
  EXPECT_EQ(verify().outcome, Outcome::done);
  EXPECT_EQ(clock.now() - begin, seconds(2));
}

TEST_F(VerifyTest, ASilentServiceIsGivenUpOnceItsTimeIsOver) {
  const WallTime begin = clock.now();
  const StepResult result = verify();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.detail, "health: connection refused, for 5s");
  EXPECT_EQ(clock.now() - begin, seconds(5));
}

TEST_F(VerifyTest, AVersionThatIsNoneIsNoProof) {
  http.answer("/health", 200, "");
  for (const char* body :
       {"", "1", "release 1", "[]", "{}", R"({"release": 1})", "{\"release\": \"1\""}) {
    test::ScriptedHttp garbled;
    garbled.answer("/health", 200, "");
    garbled.answer("/version", 200, body);
    const StepResult result =
        Verify({"http://app/health", "http://app/version", seconds(1), seconds(1)}, garbled, clock)
            .perform({run, event, 1, {}});
    EXPECT_EQ(result.outcome, Outcome::failed) << body;
  }
  http.answer("/version", 500, R"({"release": "1"})");
  EXPECT_EQ(verify().outcome, Outcome::failed);
}

TEST_F(VerifyTest, EachQuestionHasAShortDeadlineOfItsOwn) {
  http.answer("/health", 200, "");
  http.answer("/version", 200, R"({"release": "1"})");
  verify();
  ASSERT_EQ(http.requests.size(), 2u);
  for (const HttpRequest& request : http.requests) EXPECT_EQ(request.deadline, seconds(2));
}

TEST_F(VerifyTest, StoppedItIsUnknownAndDoneAgain) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(verify(stop.get_token()).outcome, Outcome::unknown);
  Verify action({"http://app/health", "http://app/version", seconds(5), seconds(1)}, http, clock);
  EXPECT_EQ(action.check({run, event, 1, {}}).finding, Finding::not_done);
}

}  // namespace
}  // namespace backstay
