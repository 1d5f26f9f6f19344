#include <cstdlib>
#include <fstream>
#include <random>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/timestamp.h"
#include "receiver/journal/approval_log.h"
#include "tests/unit/receiver/worker_fixture.h"

// Random histories of everything that can happen to a receiver, through the real worker and a real
// journal in memory. Whatever happens, some things must never. BACKSTAY_HISTORIES says how many.
namespace backstay {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kHistoriesByDefault = 400;
constexpr int kThingsThatHappen = 20;

class RandomHistory final : public test::WorkerFixture {
 public:
  explicit RandomHistory(std::uint64_t seed) : WorkerFixture(":memory:"), random_(seed) {
    driver.before = [this](const std::string& what, const Attempt& attempt) {
      return on_change(what, attempt);
    };
    for (test::ScriptedAction* action : {backup, verify, confirm}) {
      action->on_perform = [this](const StepContext&) { return on_step(); };
    }
    choose_policy();
  }
  void TestBody() override {}

  void happen() {
    Event first = asks(EventKind::deploy_requested, "2", "cli");
    first.labels["backup"] = "no";
    append(first);
    work();
    for (int i = 0; i < kThingsThatHappen; ++i) {
      one_thing();
      if (one_in(2)) work();
    }
    // All is well again, and nobody answers any more.
    arm();
    driver.set_problem("");
    for (int i = 0; i < 3; ++i) {
      work();
      clock.advance(hours(3));
    }
    work();
  }

  // What must never be, and is; empty where all is well.
  std::vector<std::string> faults() {
    change([this](journal::Transaction& tx) {
      if (!steps_while_disarmed_.empty()) fault("a step while disarmed: " + steps_while_disarmed_);
      expect_none(tx, "an event without a final decision",
                  "SELECT e.id FROM events e LEFT JOIN decisions d ON d.event_id = e.id "
                  "WHERE d.event_id IS NULL");
      expect_none(tx, "a run without an end", "SELECT id FROM runs WHERE ended_at IS NULL");
      expect_none(tx, "two rollbacks of a deployment",
                  "SELECT r.deployment_id FROM runs r JOIN events e ON e.id = r.event_id "
                  "WHERE r.action = 'rollback' AND e.source != 'cli' "
                  "GROUP BY r.deployment_id HAVING count(*) > 1");
      expect_none(tx, "a rollback for an alert older than the release",
                  "SELECT r.id FROM runs r JOIN events e ON e.id = r.event_id "
                  "JOIN deployments d ON d.id = r.deployment_id "
                  "WHERE e.kind = 'alert_firing' AND e.began_at < d.live_at");
      expect_none(tx, "a run that an echo of our own deploy set off",
                  "SELECT r.id FROM runs r JOIN events e ON e.id = r.event_id "
                  "JOIN deployments d ON d.release = r.release_to AND d.run_id < r.id "
                  "WHERE e.source = 'github' AND r.action = 'deploy'");
      expect_none(tx, "a run without the approval that was asked for",
                  "SELECT r.id FROM runs r JOIN approvals a ON a.event_id = r.event_id "
                  "WHERE a.answer IS NOT 'approved'");
      expect_facts(tx);
      auto held = tx.prepare("SELECT count(*) FROM decisions WHERE reason = 'already_rolled_back'");
      if (held.next()) held_to_one_rollback_ = static_cast<std::size_t>(held.integer(0));
      expect_conditions(tx);
    });
    return faults_;
  }
  std::size_t acted_on_alerts() const { return acted_on_alerts_; }
  std::size_t held_to_one_rollback() const { return held_to_one_rollback_; }
  std::size_t acted_on_conditions() const { return acted_on_conditions_; }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  void fault(const std::string& text) { faults_.push_back(text); }

  void expect_none(journal::Transaction& tx, const std::string& what, const char* sql) {
    auto rows = tx.prepare(sql);
    while (rows.next()) fault(what + ": " + std::to_string(rows.integer(0)));
  }

  // The facts that a run rests on are the last that were journalled before it.
  void expect_facts(journal::Transaction& tx) {
    auto rows = tx.prepare(
        "SELECT r.id, e.kind, d.live_at, (SELECT facts FROM facts WHERE event_id = e.id "
        "ORDER BY id DESC LIMIT 1) FROM runs r JOIN events e ON e.id = r.event_id "
        "LEFT JOIN deployments d ON d.id = r.deployment_id");
    while (rows.next()) {
      const std::string run = "run " + std::to_string(rows.integer(0));
      const json known = json::parse(rows.text(3));
      if (known.value("disarmed", true)) fault("a new run while disarmed: " + run);
      if (rows.text(1) != "alert_firing") continue;
      ++acted_on_alerts_;
      const json alert = known.value("alert", json::object());
      if (!alert.value("known", false) || !alert.value("has_data", false)) {
        fault("an action on empty data: " + run);
      }
      if (!alert.value("firing", false)) fault("an action on an alert that is over: " + run);
      const auto active_at = parse_rfc3339(alert.value("active_at", ""));
      if (active_at && to_unix_ms(*active_at) < rows.integer(2)) {
        fault("an action on an alert that was pending before the release: " + run);
      }
    }
  }

  // No run began where its rule's condition was not met. Asked before each change of the policy:
  // the runs that are new since then began under this one.
  void expect_conditions(journal::Transaction& tx) {
    auto rows = tx.prepare(
        "SELECT r.id, r.rule, (SELECT facts FROM facts WHERE event_id = r.event_id "
        "ORDER BY id DESC LIMIT 1) FROM runs r WHERE r.id > ? ORDER BY r.id");
    rows.bind(checked_run_);
    while (rows.next()) {
      checked_run_ = rows.integer(0);
      for (const Rule& rule : policy.rules) {
        if (rule.name != rows.text(1) || rule.when.empty()) continue;
        const json when = json::parse(rows.text(2)).value("when", json::object());
        if (when.value("query", "") != rule.when || !when.value("met", false)) {
          fault("an action though its condition was not met: run " + std::to_string(checked_run_));
        }
        ++acted_on_conditions_;
      }
    }
  }
  // Two rules of five have one.
  void choose_conditions() {
    for (Rule& rule : policy.rules) rule.when = below(5) < 2 ? "about " + rule.name : "";
  }
  void some_answer_about_conditions() {
    const std::array<ConditionFacts, 4> answers{
        test::ScriptedAlerts::met(), test::ScriptedAlerts::met(), test::ScriptedAlerts::not_met(),
        test::ScriptedAlerts::unanswered()};
    alerts.on_condition = [answer = answers[below(4)]](const auto&) { return answer; };
  }

  // What a switch of ours would do to people: asked when it begins.
  void expect_sound(const Attempt& attempt) {
    change([&](journal::Transaction& tx) {
      const auto run = find_run(tx, attempt.run_id);
      if (!run) return;
      const std::string name = "run " + std::to_string(run->id);
      const auto now = driver.current();
      if (now && *now && **now != run->release_from) fault("somebody's switch undone: " + name);
      if (run->action != "rollback") return;
      const Ledger ledger = load_ledger(tx);
      if (in_the_way(ledger, run->release_to)) fault("a rollback over an unsafe release: " + name);
      const auto cause = find_event(tx, run->event_id);
      const Deployment* live = ledger.live();
      if (live == nullptr || !cause || cause->event.source == "cli") return;
      if (live->purpose == "rollback") fault("a rollback of a rollback: " + name);
    });
  }

  std::optional<StepResult> on_change(const std::string& what, const Attempt& attempt) {
    if (what.rfind("switch ", 0) == 0) expect_sound(attempt);
    if (kill_switch.is_disarmed()) steps_while_disarmed_ += what + " ";
    if (what.rfind("switch ", 0) == 0) {  // somebody else tells us what we do
      for (const EventKind kind :
           {EventKind::deploy_started, EventKind::deploy_succeeded, EventKind::deploy_requested}) {
        append(from_github(kind, what.substr(7)));
      }
    }
    if (what.rfind("stage ", 0) == 0 && one_in(10)) switch_by_hand();
    if (one_in(switch_fails_one_in_)) return StepResult{Outcome::failed, "as it happens"};
    if (one_in(12)) return StepResult{Outcome::unknown, "no end"};
    return std::nullopt;
  }
  StepResult on_step() {
    if (kill_switch.is_disarmed()) steps_while_disarmed_ += "step ";
    if (one_in(20)) disarm();
    return {one_in(6) ? Outcome::failed : Outcome::done, ""};
  }

  void choose_policy() {
    change([this](journal::Transaction& tx) { expect_conditions(tx); });
    policy.mode = std::array{Policy::Mode::automatic, Policy::Mode::automatic,
                             Policy::Mode::approve, Policy::Mode::observe}[below(4)];
    policy.rollbacks_per_hour = static_cast<int>(1 + below(3));
    policy.approve_within = minutes(10 + below(50));
    policy.rules = {rule("ship", EventKind::deploy_requested, ActionKind::deploy),
                    rule("bad-release", EventKind::alert_firing, ActionKind::rollback),
                    rule("failed", EventKind::deploy_failed, ActionKind::rollback),
                    rule("asked", EventKind::rollback_requested, ActionKind::rollback),
                    rule("mirror", EventKind::deploy_succeeded, ActionKind::deploy)};
    for (Rule& rule : policy.rules) {
      rule.with_backup = false;  // no thread beside the random numbers
      rule.requires_approval = one_in(4);
      if (one_in(4)) rule.cooldown = minutes(below(90));
    }
    policy.rules[1].within = minutes(5 + below(60));
    switch_fails_one_in_ = one_in(4) ? 2 : 12;
    choose_conditions();
    restart();
  }

  std::string some_release() { return std::to_string(1 + below(5)); }
  Event from_github(EventKind kind, const std::string& release) {
    return asks(kind, release, "github");
  }
  Event some_alert(EventKind kind) {
    Event event =
        alert(std::to_string(below(8)) + (one_in(3) ? "" : std::to_string(random_())), kind);
    const std::array<milliseconds, 4> ages{milliseconds(0), seconds(10), minutes(10), hours(2)};
    event.began_at = clock.now() - (one_in(2) ? milliseconds(0) : ages[below(4)]);
    return event;
  }
  Event told_of_elsewhere() {
    const std::array<EventKind, 3> kinds{EventKind::deploy_started, EventKind::deploy_failed,
                                         EventKind::deploy_succeeded};
    Event event = from_github(kinds[below(3)], some_release());
    if (one_in(6)) event.details.rollback_safe = false;
    return event;
  }
  // Beside us, and perhaps nobody tells.
  void switch_by_hand() {
    driver.set_kept({"1", "2", "3", "4", "5"});
    driver.set_live(some_release());
  }
  void some_answer_of_prometheus() {
    AlertFacts answer{!one_in(8), !one_in(6), !one_in(6), std::nullopt, ""};
    if (one_in(2)) answer.active_at = clock.now() - seconds(below(1200));
    alerts.answer(answer);
    some_answer_about_conditions();
  }
  void ask_in_person() {
    const std::array<EventKind, 3> kinds{EventKind::deploy_requested, EventKind::rollback_requested,
                                         EventKind::backup_requested};
    const EventKind kind = kinds[below(3)];
    Event event = asks(kind, kind == EventKind::deploy_requested ? some_release() : "", "cli");
    event.labels["backup"] = "no";
    append(event);
  }
  void answer_a_question() {
    change([this](journal::Transaction& tx) {
      for (const journal::Approval& open : open_approvals(tx)) {
        if (open.answered_at || open.expires_at <= clock.now()) continue;
        const bool is_yes = !one_in(3);
        answer_approval(tx, open.event_id, clock.now(), is_yes ? "approved" : "refused", "ada", "");
        if (!is_yes) look_again_at_approvals(tx);
        return;
      }
    });
  }
  void disarm() { std::ofstream(folder.path("disarmed")) << ""; }
  void arm() { std::remove(folder.path("disarmed").c_str()); }

  void one_thing() {
    const std::array<milliseconds, 5> whiles{seconds(1), seconds(30), minutes(5), minutes(20),
                                             hours(2)};
    switch (below(19)) {
      case 0:
      case 1:
        clock.advance(whiles[below(5)]);
        return;
      case 2:
      case 3:
      case 4:
        append(some_alert(EventKind::alert_firing));
        return;
      case 5:
        append(some_alert(EventKind::alert_resolved));
        return;
      case 6:
      case 7:
        append(asks(EventKind::deploy_requested, some_release()));
        return;
      case 8:
        append(told_of_elsewhere());
        return;
      case 9:
        append(asks(EventKind::rollback_requested, ""));
        return;
      case 10:
        ask_in_person();
        return;
      case 11:
        one_in(3) ? disarm() : arm();
        return;
      case 12:
        some_answer_of_prometheus();
        return;
      case 13:
        driver.set_problem(one_in(3) ? "no answer" : "");
        return;
      case 14:
        if (one_in(2)) clock.jump(one_in(2) ? hours(1) : hours(-1));
        return;
      case 16:
        if (one_in(2)) switch_by_hand();
        return;
      case 15:
        one_in(3) ? choose_policy() : restart();
        return;
      default:
        answer_a_question();
    }
  }

  std::mt19937_64 random_;
  std::string steps_while_disarmed_;
  std::vector<std::string> faults_;
  std::size_t acted_on_alerts_ = 0;
  std::size_t held_to_one_rollback_ = 0;
  std::uint64_t switch_fails_one_in_ = 12;
  std::size_t acted_on_conditions_ = 0;
  std::int64_t checked_run_ = 0;
};

std::uint64_t histories() {
  const char* wanted = std::getenv("BACKSTAY_HISTORIES");
  return wanted == nullptr ? kHistoriesByDefault : std::strtoull(wanted, nullptr, 10);
}

TEST(PolicyHistoriesTest, SomeThingsNeverHappenWhateverElseDoes) {
  log::configure(log::Level::error, log::Format::logfmt);
  std::size_t acted_on_alerts = 0;
  std::size_t held_to_one_rollback = 0;
  std::size_t acted_on_conditions = 0;
  for (std::uint64_t seed = 0; seed < histories(); ++seed) {
    RandomHistory history(seed);
    history.happen();
    const auto faults = history.faults();
    ASSERT_TRUE(faults.empty()) << "history " << seed << ": " << faults.front();
    acted_on_alerts += history.acted_on_alerts();
    held_to_one_rollback += history.held_to_one_rollback();
    acted_on_conditions += history.acted_on_conditions();
  }
  log::configure(log::Level::info, log::Format::logfmt);
  EXPECT_GE(acted_on_alerts, histories() / 20) << "else they prove nothing";
  EXPECT_GE(held_to_one_rollback, histories() / 100) << "else they prove nothing";
  EXPECT_GE(acted_on_conditions, histories() / 20) << "else they prove nothing";
}

}  // namespace
}  // namespace backstay
