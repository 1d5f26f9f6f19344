#include "tests/fuzz/deciding_worker.h"

#include <memory>
#include <string>

#include "base/utf8.h"
#include "receiver/journal/event_log.h"
#include "receiver/worker/worker.h"
#include "tests/fuzz/require.h"
#include "tests/manual_clock.h"
#include "tests/scripted_alerts.h"
#include "tests/scripted_driver.h"

namespace backstay::fuzz {
namespace {

using journal::Transaction;

// Everything that can come has a rule, and nothing is done: the mode is to observe.
Policy policy() {
  Policy made;
  for (const EventKind kind :
       {EventKind::deploy_requested, EventKind::rollback_requested, EventKind::deploy_failed,
        EventKind::deploy_succeeded, EventKind::alert_firing}) {
    Rule rule;
    rule.name = to_string(kind);
    rule.on = kind;
    const bool deploys = kind == EventKind::deploy_requested || kind == EventKind::deploy_succeeded;
    rule.action = deploys ? ActionKind::deploy : ActionKind::rollback;
    made.rules.push_back(rule);
  }
  return made;
}

// Bytes that are not UTF-8 are replaced in labels; all else is kept as it came.
bool has_the_labels_of(const Event& event, const Event& stored) {
  for (const auto& [name, value] : event.labels) {
    if (!is_valid_utf8(name) || !is_valid_utf8(value)) return true;
  }
  return event.labels == stored.labels;
}

void require_same(const Event& event, const StoredEvent& stored) {
  require(stored.unreadable.empty());
  require(stored.event.kind == event.kind && stored.event.source == event.source);
  require(stored.event.dedupe_key == event.dedupe_key && stored.event.actor == event.actor);
  require(stored.event.release == event.release && stored.event.subject == event.subject);
  require(stored.event.began_at == event.began_at);
  require(has_the_labels_of(event, stored.event));
  const ReleaseDetails& details = stored.event.details;
  require(details.commit == event.details.commit && details.digest == event.details.digest);
  require(details.commit_times == event.details.commit_times);
  require(details.migrations == event.details.migrations);
  require(details.rollback_safe == event.details.rollback_safe);
  require(details.rework == event.details.rework);
}

class World {
 public:
  World() {
    driver_.set_live("1");
    driver_.set_kept({"1", "2"});
  }

  void decide(const std::vector<Event>& events) {
    empty();
    for (const Event& event : events) {
      change([&](Transaction& tx) {
        const auto id = append_event(tx, event, clock_.now());
        if (!id) return;  // the same key twice is the same event
        const auto stored = find_event(tx, *id);
        require(stored.has_value());
        require_same(event, *stored);
      });
    }
    while (worker_.work_once({})) {
    }
    change([](Transaction& tx) { require(count_without_decision(tx) == 0); });
    change([](Transaction& tx) {
      journal::Statement undecidable =
          tx.prepare("SELECT 1 FROM decisions WHERE reason = 'undecidable'");
      require(!undecidable.next());
    });
    require(worker_.problem().empty());
  }

 private:
  void change(const std::function<void(Transaction&)>& work) {
    require(journal_->write(work).has_value());
  }
  void empty() {
    change([](Transaction& tx) {
      for (const char* table : {"undecided", "facts", "outbox", "approvals", "decisions", "changes",
                                "deployments", "releases", "totals", "events"}) {
        tx.prepare(std::string("DELETE FROM ") + table).run();
      }
    });
  }

  const std::unique_ptr<journal::Database> journal_ = journal::Database::open(":memory:").value();
  test::ManualClock clock_;
  test::ScriptedDriver driver_;
  test::ScriptedAlerts alerts_;
  const KillSwitch kill_switch_{"/"};
  const FactGatherer facts_{driver_, alerts_, kill_switch_, clock_};
  const ActionTable actions_{};
  Worker worker_{{}, policy(), *journal_, facts_, actions_, kill_switch_, clock_};
};

}  // namespace

void require_decisions(const std::vector<Event>& events) {
  static World world;
  world.decide(events);
}

}  // namespace backstay::fuzz
