#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "receiver/actions/stage.h"
#include "receiver/actions/switch_release.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/run_log.h"
#include "receiver/worker/second_look.h"
#include "receiver/worker/worker.h"
#include "tests/manual_clock.h"
#include "tests/scripted_alerts.h"
#include "tests/scripted_driver.h"
#include "tests/temporary_folder.h"

namespace backstay::test {

// Does what the test says, and counts how often.
class ScriptedAction final : public Action {
 public:
  StepResult perform(const StepContext& context) override {
    ++performed;
    return on_perform(context);
  }
  CheckResult check(const StepContext& context) override {
    ++checked;
    return on_check(context);
  }

  std::function<StepResult(const StepContext&)> on_perform = [](const StepContext&) {
    return StepResult{Outcome::done, "as asked"};
  };
  std::function<CheckResult(const StepContext&)> on_check = [](const StepContext&) {
    return CheckResult{Finding::not_done, ""};
  };
  std::atomic<int> performed{0};
  std::atomic<int> checked{0};
};

// A ManualClock whose sleepers can be told apart: what the test hangs in is called at each sleep.
class HookedClock final : public Clock {
 public:
  WallTime now() const override { return clock_.now(); }
  SteadyTime steady() const override { return clock_.steady(); }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    if (on_sleep) on_sleep();
    return clock_.sleep(duration, stop);
  }
  void advance(std::chrono::milliseconds duration) { clock_.advance(duration); }
  void jump(std::chrono::milliseconds by) { clock_.jump(by); }

  std::function<void()> on_sleep;

 private:
  ManualClock clock_;
};

// A worker on a real journal, in a world of a scripted driver and a scripted Prometheus that finds
// release 2 bad. Release 1 is live and good.
class WorkerFixture : public ::testing::Test {
 protected:
  WorkerFixture() : WorkerFixture(std::nullopt) {}
  // On a journal elsewhere: ":memory:" where a test needs very many.
  explicit WorkerFixture(const std::optional<std::string>& path)
      : journal_path(path.value_or(folder.path("journal.db"))) {
    auto opened = journal::Database::open(journal_path);
    if (opened) database = std::move(*opened);
    driver.set_live("1");
    driver.set_kept({"1"});
    alerts.on_ask = [this](const auto&, const auto&) {
      const auto live = driver.current();
      return live && *live == "2" ? ScriptedAlerts::firing() : ScriptedAlerts::clear();
    };
    actions["stage"] = std::make_unique<Stage>(driver);
    actions["switch"] =
        std::make_unique<SecondLook>(std::make_unique<SwitchRelease>(driver, clock), facts, policy,
                                     std::chrono::seconds(10), clock);
    for (ScriptedAction** action : {&backup, &verify, &confirm}) {
      auto made = std::make_unique<ScriptedAction>();
      *action = made.get();
      actions[action == &backup   ? "backup"
              : action == &verify ? "verify"
                                  : "confirm"] = std::move(made);
    }
    policy.mode = Policy::Mode::automatic;
    policy.rules = {rule("ship", EventKind::deploy_requested, ActionKind::deploy),
                    rule("bad-release", EventKind::alert_firing, ActionKind::rollback)};
    restart();
    change([&](journal::Transaction& tx) { adopt(tx, "1", clock.now(), "ada", "the first"); });
    clock.advance(std::chrono::hours(1));
  }

  static Rule rule(const std::string& name, EventKind on, ActionKind action) {
    Rule made;
    made.name = name;
    made.on = on;
    made.action = action;
    return made;
  }
  // A new worker on the same journal, as after a crash or with another policy.
  void restart() {
    WorkerConfig config;
    config.telling.service = "shop";
    config.telling.channels.push_back({"log", {}, std::chrono::milliseconds(0)});
    worker =
        std::make_unique<Worker>(config, policy, *database, facts, actions, kill_switch, clock);
  }
  void change(const std::function<void(journal::Transaction&)>& work) {
    const auto written = database->write(work);
    ASSERT_TRUE(written) << written.error().message;
  }
  void work(const std::stop_token& stop = {}) {
    while (!stop.stop_requested() && worker->work_once(stop)) {
    }
  }

  std::optional<std::int64_t> append(const Event& event) {
    std::optional<std::int64_t> id;
    change([&](journal::Transaction& tx) { id = append_event(tx, event, clock.now()); });
    return id;
  }
  Event alert(const std::string& key, EventKind kind = EventKind::alert_firing) {
    Event event;
    event.kind = kind;
    event.source = "alertmanager";
    event.dedupe_key = key;
    event.actor = "alertmanager";
    event.subject = "ErrorRatioHigh";
    event.began_at = clock.now();
    return event;
  }
  Event asks(EventKind kind, const std::string& release, const std::string& source = "ci") {
    Event event;
    event.kind = kind;
    event.source = source;
    event.dedupe_key = std::to_string(++requests_);
    event.actor = "ada";
    event.release = release;
    return event;
  }
  // Release 2 has been live for ten seconds.
  void go_live_with_two() {
    append(asks(EventKind::deploy_requested, "2"));
    work();
    ASSERT_EQ(*driver.current(), "2");
    clock.advance(std::chrono::seconds(10));
  }

  std::vector<journal::Run> runs(const std::string& action) {
    std::vector<journal::Run> found;
    change([&](journal::Transaction& tx) {
      for (const journal::Run& run : runs_since(tx, WallTime())) {
        if (run.action == action) found.push_back(run);
      }
    });
    return found;
  }
  journal::Run last_run(const std::string& action) {
    const auto found = runs(action);
    EXPECT_FALSE(found.empty()) << "no " << action;
    return found.empty() ? journal::Run() : found.front();
  }
  // "switch done", "verify unknown not_done", … in the order of their tokens, those of `without`
  // left out: a backup alongside has its place by chance.
  std::vector<std::string> steps(const journal::Run& run, const std::string& without = "") {
    std::vector<std::string> told;
    change([&](journal::Transaction& tx) {
      for (const journal::Step& step : steps_of(tx, run.id)) {
        if (step.name == without) continue;
        told.push_back(step.name + " " + step.outcome +
                       (step.finding.empty() ? "" : " " + step.finding));
      }
    });
    return told;
  }
  journal::DecisionRow decision(std::int64_t event_id) {
    std::optional<journal::DecisionRow> found;
    change([&](journal::Transaction& tx) { found = find_decision(tx, event_id); });
    EXPECT_TRUE(found) << "event " << event_id << " is not decided";
    return found.value_or(journal::DecisionRow());
  }
  std::int64_t undecided() {
    std::int64_t count = 0;
    change([&](journal::Transaction& tx) { count = count_undecided(tx); });
    return count;
  }
  Ledger ledger() {
    Ledger loaded;
    change([&](journal::Transaction& tx) { loaded = load_ledger(tx); });
    return loaded;
  }
  // "critical: shop: rollback refused", … in order.
  std::vector<std::string> told() {
    std::vector<std::string> messages;
    change([&](journal::Transaction& tx) {
      auto select = tx.prepare("SELECT severity || ': ' || title FROM outbox ORDER BY id");
      while (select.next()) messages.push_back(select.text(0));
    });
    return messages;
  }
  bool was_told(const std::string& message) {
    const auto messages = told();
    return std::find(messages.begin(), messages.end(), message) != messages.end();
  }

  TemporaryFolder folder;
  const std::string journal_path;
  HookedClock clock;
  ScriptedDriver driver;
  ScriptedAlerts alerts;
  KillSwitch kill_switch{folder.path()};
  FactGatherer facts{driver, alerts, kill_switch, clock};
  ScriptedAction* backup = nullptr;
  ScriptedAction* verify = nullptr;
  ScriptedAction* confirm = nullptr;
  ActionTable actions;
  Policy policy;
  std::unique_ptr<journal::Database> database;
  std::unique_ptr<Worker> worker;

 private:
  int requests_ = 0;
};

}  // namespace backstay::test
