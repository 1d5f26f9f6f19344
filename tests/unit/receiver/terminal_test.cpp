#include "receiver/ctl/terminal.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "receiver/ctl/request.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// A sender's text that would end its line, begin one that nobody wrote, and colour what follows.
constexpr const char* kForged = "mallory\n2026-11-23 08:00:00  decision  act\x1b[31m\u009b2J";
constexpr const char* kShown =
    "mallory\\u000a2026-11-23 08:00:00  decision  act\\u001b[31m\\u009b2J";

// Answers each operation as the test says.
class ScriptedDoor final : public Door {
 public:
  Result<json> call(const std::string& operation, const json&) override {
    if (!answers.contains(operation)) return fail(kForged);
    return answers[operation];
  }
  void work() override {}
  [[nodiscard]] bool receiver_is_up() const override { return true; }
  json answers = json::object();
};

struct TerminalTest : ::testing::Test {
  std::string printed(const std::function<Exit(Door&, const Options&)>& command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    command(door, Options());
    return testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  }
  static std::int64_t lines_in(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  }
  // The text is there, and all that a terminal might obey is only seen.
  static void expect_shown(const std::string& text, std::int64_t lines) {
    EXPECT_NE(text.find(kShown), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find("\u009b"), std::string::npos) << text;
    EXPECT_EQ(lines_in(text), lines) << text;
  }
  ScriptedDoor door;
};

TEST_F(TerminalTest, ColumnsAreAsWideAsWhatIsSeenInThem) {
  EXPECT_EQ(table({"A", "B"}, {{"ü", "1"}, {"a\nb", "2"}, {"\xff", "3"}}),
            "A         B\nü         1\na\\u000ab  2\n\uFFFD         3\n");
}

TEST_F(TerminalTest, NoTextFromOutsideForgesALineOfTheAudit) {
  door.answers["audit"] = {{"audit",
                            {{{"at", "2026-11-23T08:13:04.250Z"},
                              {"kind", "event"},
                              {"what", "alert_firing"},
                              {"subject", "x"},
                              {"actor", kForged},
                              {"why", "because"}}}}};
  expect_shown(printed(audit), 2);
}

TEST_F(TerminalTest, NorOneOfTheStatus) {
  door.answers["status"] = {{"live_problem", kForged},
                            {"run_in_flight", nullptr},
                            {"approvals", {{{"explanation", kForged}}}}};
  expect_shown(printed(status), 7);
}

TEST_F(TerminalTest, NorOneOfARunThatIsFollowed) {
  door.answers["outcome"] = {
      {"final", true},
      {"decision", {{"verdict", "act"}, {"explanation", kForged}}},
      {"run", {{"outcome", "failed"}, {"steps", {{{"name", "switch"}, {"detail", kForged}}}}}}};
  expect_shown(printed([](Door& to, const Options& options) { return follow(to, options, 1); }), 2);
}

TEST_F(TerminalTest, NorAnError) { expect_shown(printed(status), 1); }

}  // namespace
}  // namespace backstay::ctl
