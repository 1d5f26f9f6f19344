#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

#include "receiver/actions/stage.h"
#include "receiver/actions/switch_release.h"
#include "receiver/channels/outbox_sender.h"
#include "receiver/control.h"
#include "receiver/journal/audit.h"
#include "receiver/journal/event_log.h"
#include "receiver/journal/integrity.h"
#include "receiver/journal/retention.h"
#include "receiver/journal/row_export.h"
#include "receiver/journal/run_log.h"
#include "receiver/journal_metrics.h"
#include "receiver/policy/history.h"
#include "receiver/worker/second_look.h"
#include "receiver/worker/worker.h"
#include "tests/fuzz/journal_rows.h"
#include "tests/fuzz/require.h"
#include "tests/scripted_alerts.h"

// A journal of any rows, as journal_rows.h reads them, through all that reads a journal. What comes
// is a value or an error. The worker then works on it: what it does is an action that it knows, to
// a release with a name that can be one, and only where a run says so. An event that was accepted
// behind those rows reaches its decision, and so do they.
namespace backstay::fuzz {
namespace {

using journal::Transaction;
using nlohmann::json;

// Time that moves by itself: whoever sleeps for long is stopped.
class PatientClock final : public Clock {
 public:
  WallTime now() const override { return now_; }
  SteadyTime steady() const override { return SteadyTime(now_.time_since_epoch()); }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    now_ += duration;
    if (++sleeps_ > kSleepsMax) stop_.request_stop();
    return !stop.stop_requested();
  }
  std::stop_token begin() {
    now_ = WallTime(std::chrono::milliseconds(1'795'420'800'000));
    sleeps_ = 0;
    stop_ = std::stop_source();
    return stop_.get_token();
  }

 private:
  static constexpr int kSleepsMax = 40;
  WallTime now_;
  int sleeps_ = 0;
  std::stop_source stop_;
};

bool changes_releases(const std::string& action) {
  return action == "deploy" || action == "rollback";
}

// A service of nothing but the live release's name. It is changed only for a run that says so.
class WatchedDriver final : public Driver {
 public:
  explicit WatchedDriver(journal::Database& journal) : journal_(journal) {}
  StepResult stage(const std::string& release, const Attempt& attempt) override {
    check(attempt.run_id);
    return is_valid_release_name(release) ? StepResult{Outcome::done, ""} : refusal();
  }
  StepResult switch_to(const std::string& release, const Attempt& attempt) override {
    check(attempt.run_id);
    if (!is_valid_release_name(release)) return refusal();
    live_ = release;
    return {Outcome::done, ""};
  }
  Result<std::optional<std::string>> current() override { return std::optional(live_); }
  Result<std::vector<std::string>> kept() override { return std::vector<std::string>{"1", "2"}; }
  void begin() { live_ = "2"; }

 private:
  // As the driver of commands has it: such a name is no argument of anything.
  static StepResult refusal() { return {Outcome::failed, "not a valid release name"}; }
  void check(std::int64_t run_id) {
    const auto read = journal_.read([&](Transaction& tx) {
      const auto run = find_run(tx, run_id);
      require(run && !run->ended_at && changes_releases(run->action));
    });
    require(read.has_value());
  }

  journal::Database& journal_;
  std::string live_ = "2";
};

// Does nothing, and looks at what it is asked to do.
class WatchedAction final : public Action {
 public:
  StepResult perform(const StepContext& context) override {
    require(changes_releases(context.run.action) || context.run.action == "backup");
    require(!context.run.ended_at);
    return {context.token % 2 == 0 ? Outcome::done : Outcome::unknown, ""};
  }
  CheckResult check(const StepContext& context) override {
    return {context.token % 3 == 0 ? Finding::not_done : Finding::done, ""};
  }
};

class SilentChannel final : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "log"; }
  Result<void> send(const Message& message) override {
    require(!message.idempotency_key.empty());
    return {};
  }
};

ReceiverConfig configuration() {
  ReceiverConfig config{
      .service = "shop",
      .state_dir = "/nonexistent",
      .backups = {"/nonexistent", "/nonexistent", SecretSource::literal(Secret("x"))},
      .prometheus_url = {},
      .webhooks = {},
      .policy = {},
      .driver = {},
      .verify = {},
      .confirm = {},
      .notify = {}};
  Policy& policy = config.policy;
  policy.mode = Policy::Mode::automatic;
  const auto rule = [&](const char* name, EventKind on, ActionKind action) {
    Rule made;
    made.name = name;
    made.on = on;
    made.action = action;
    made.with_backup = false;  // no thread beside the fuzzer's
    made.cooldown = std::chrono::hours(1);
    policy.rules.push_back(made);
  };
  rule("ship", EventKind::deploy_requested, ActionKind::deploy);
  rule("bad-release", EventKind::alert_firing, ActionKind::rollback);
  rule("failed", EventKind::deploy_failed, ActionKind::rollback);
  return config;
}

class World {
 public:
  World() {
    actions_["stage"] = std::make_unique<Stage>(driver_);
    actions_["switch"] =
        std::make_unique<SecondLook>(std::make_unique<SwitchRelease>(driver_, clock_), facts_,
                                     config_.policy, std::chrono::seconds(5), clock_);
    for (const char* name : {"backup", "verify", "confirm"}) {
      actions_[name] = std::make_unique<WatchedAction>();
    }
  }

  void look_at(std::string_view rows) {
    loose_.fill(rows);
    read_tables();
    ask_the_way_people_do();
    loose_.fill(rows);
    work();
    require(journal_.damage().empty());
  }

 private:
  // An event or a run may take more than one.
  static constexpr int kRoundsMax = 10 * LooseJournal::kRowsMax;

  // There is no trigger to have it wait.
  static std::optional<std::int64_t> accept(Transaction& tx) {
    Event event;
    event.kind = EventKind::deploy_succeeded;
    event.source = "ci";
    event.dedupe_key = "behind all of them";
    event.release = "1";
    const auto id = append_event(tx, event, WallTime());
    if (id) tx.prepare("INSERT OR IGNORE INTO undecided VALUES (?)").bind(*id).run();
    return id;
  }
  // Whoever was not stopped has nothing left to do. A question to people, which a row of anybody's
  // may have asked about an id before there was such an event, stays open.
  void require_all_decided(const std::optional<std::int64_t>& accepted) {
    const auto looked = journal_.read([&](Transaction& tx) {
      require(!run_in_flight(tx) && !next_undecided(tx, clock_.now()));
      if (!accepted || find_approval(tx, *accepted)) return;
      require(find_decision(tx, *accepted).has_value());
    });
    require(looked.has_value() && worker_.problem().empty());
  }

  void read(const std::function<void(Transaction&)>& reader) {
    const auto outcome = journal_.read(reader);
    require(outcome || !outcome.error().message.empty());
  }
  void write(const std::function<void(Transaction&)>& writer) {
    const auto outcome = journal_.write(writer);
    require(outcome || !outcome.error().message.empty());
  }

  void read_tables() {
    const WallTime now = clock_.now();
    for (std::int64_t id = 1; id < 3; ++id) {
      read([&](Transaction& tx) { find_event(tx, id); });
      read([&](Transaction& tx) { load_history(tx, id, now, config_.policy, now); });
      read([&](Transaction& tx) { find_decision(tx, id); });
      read([&](Transaction& tx) {
        const auto run = find_run(tx, id);
        if (run) steps_of(tx, run->id);
      });
    }
    read([&](Transaction& tx) { next_undecided(tx, now); });
    read([&](Transaction& tx) { run_in_flight(tx); });
    read([&](Transaction& tx) { runs_since(tx, WallTime()); });
    read([&](Transaction& tx) {
      require(read_audit(tx, {WallTime(), std::nullopt, 20}).entries.size() <= 20);
    });
    read([&](Transaction& tx) { check_all(tx); });
    std::int64_t lines = 0;
    const auto exported = export_rows(journal_, [&](const std::string& line) {
      require(json::accept(line));
      ++lines;
    });
    require(exported && exported->rows + exported->gaps == lines);
  }

  void ask_the_way_people_do() {
    const json event = {{"event_id", 1}, {"kind", "alert_firing"}, {"subject", "Down"}};
    for (const auto& [operation, parameters] : std::initializer_list<std::pair<const char*, json>>{
             {"status", json::object()},
             {"releases", json::object()},
             {"outcome", {{"event_id", 1}}},
             {"audit", json::object()},
             {"explain", {{"event", event}}},
             {"approve", {{"event_id", 1}, {"actor", "ada"}}},
             {"refuse", {{"event_id", 2}, {"actor", "ada"}}},
             {"adopt", {{"release", "1"}, {"actor", "ada"}}}}) {
      const json answer = control_.handle(operation, parameters);
      require(answer.is_object());
      require(!answer.dump(-1, ' ', false, json::error_handler_t::replace).empty());
    }
    metrics_.Collect();
  }

  void work() {
    const std::stop_token stop = clock_.begin();
    driver_.begin();
    std::optional<std::int64_t> accepted;
    write([&](Transaction& tx) { accepted = accept(tx); });
    write([&](Transaction& tx) { promote_settled(tx, clock_.now()); });
    int rounds = 0;
    while (!stop.stop_requested() && worker_.work_once(stop)) require(++rounds < kRoundsMax);
    if (!stop.stop_requested()) require_all_decided(accepted);
    for (int i = 0; i < 3; ++i) sender_.send_one();
    write([&](Transaction& tx) { remove_old(tx, clock_.now(), {}); });
  }

  LooseJournal loose_;
  journal::Database& journal_ = loose_.database();
  PatientClock clock_;
  WatchedDriver driver_{journal_};
  test::ScriptedAlerts alerts_;
  const KillSwitch kill_switch_{"/"};
  const FactGatherer facts_{driver_, alerts_, kill_switch_, clock_};
  const ReceiverConfig config_ = configuration();
  ActionTable actions_;
  Worker worker_{{}, config_.policy, journal_, facts_, actions_, kill_switch_, clock_};
  Control control_{config_, journal_, driver_, kill_switch_, facts_, clock_, []() {}};
  JournalMetrics metrics_{journal_, worker_, kill_switch_};
  OutboxSender sender_{channels(), "shop", journal_, clock_};

  static std::vector<std::unique_ptr<Channel>> channels() {
    std::vector<std::unique_ptr<Channel>> made;
    made.push_back(std::make_unique<SilentChannel>());
    return made;
  }
};

}  // namespace
}  // namespace backstay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static backstay::fuzz::World world;
  world.look_at({reinterpret_cast<const char*>(data), size});
  return 0;
}
