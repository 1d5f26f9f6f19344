// What a decision costs on a journal that is there: bench_decision JOURNAL DECISIONS takes so many
// alerts in and decides each as the worker does, with facts that are known already. The policy
// observes, so that all guards are asked and nothing is done. Prints a JSON object: milliseconds of
// history and policy alone (median, 99th percentile), and with facts and decision on disk.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/timestamp.h"
#include "receiver/journal/event_log.h"
#include "receiver/policy/facts.h"
#include "receiver/policy/history.h"
#include "receiver/worker/records.h"

namespace {

using namespace backstay;
using journal::Transaction;

double milliseconds_of(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
      .count();
}

void must(const Result<void>& result) {
  if (result) return;
  std::cerr << result.error().message << '\n';
  std::exit(1);
}

Policy policy() {
  Rule rule;
  rule.name = "bad-release";
  rule.within = std::chrono::hours(24 * 365);
  Policy made;
  made.rules.push_back(rule);
  return made;
}

StoredEvent take_in_an_alert(journal::Database& journal, WallTime now, int number) {
  StoredEvent stored;
  stored.received_at = now;
  stored.event.source = "bench";
  stored.event.dedupe_key = std::to_string(to_unix_ms(now)) + " " + std::to_string(number);
  stored.event.actor = "bench";
  stored.event.subject = "ErrorRatioHigh";
  stored.event.labels = {{"alertname", "ErrorRatioHigh"}, {"action", "rollback"}};
  stored.event.began_at = now;
  must(journal.write(
      [&](Transaction& tx) { stored.id = append_event(tx, stored.event, now).value_or(0); }));
  return stored;
}

Facts known_facts(journal::Database& journal, WallTime now) {
  Facts facts;
  facts.gathered_at = now;
  facts.live_known = true;
  facts.alert = AlertFacts{true, true, true, now, ""};
  must(journal.read([&](Transaction& tx) {
    const Ledger ledger = load_ledger(tx);
    if (ledger.live() != nullptr) facts.live_release = ledger.live()->release;
    for (const Release& release : ledger.releases) facts.kept_releases.push_back(release.name);
    facts.kept_releases.resize(std::min<std::size_t>(facts.kept_releases.size(), 10));
  }));
  return facts;
}

void print(const char* name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::cout << '"' << name << "\": {\"median\": " << times[times.size() / 2]
            << ", \"p99\": " << times[times.size() * 99 / 100] << '}';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  log::configure(log::Level::warn, log::Format::logfmt);
  auto opened = journal::Database::open(argv[1]);
  if (!opened) {
    std::cerr << opened.error().message << '\n';
    return 1;
  }
  journal::Database& journal = **opened;
  SystemClock clock;
  const Policy observed = policy();
  const Facts facts = known_facts(journal, clock.now());
  const std::string facts_json = to_json(facts);
  std::vector<double> thought;
  std::vector<double> on_disk;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    const StoredEvent stored = take_in_an_alert(journal, clock.now(), i);
    thought.push_back(milliseconds_of([&]() {
      must(journal.read([&](Transaction& tx) {
        const History history =
            load_history(tx, stored.id, stored.received_at, observed, clock.now());
        static_cast<void>(decide(stored, facts, history, observed, clock.now()));
      }));
    }));
    on_disk.push_back(milliseconds_of([&]() {
      must(journal.write(
          [&](Transaction& tx) { append_facts(tx, stored.id, facts.gathered_at, facts_json); }));
      must(journal.write([&](Transaction& tx) {
        reconcile(tx, facts.live_release.value_or(""), clock.now());
        const History history =
            load_history(tx, stored.id, stored.received_at, observed, clock.now());
        const Decision decision = decide(stored, facts, history, observed, clock.now());
        if (decision.verdict != Verdict::observe) {
          std::cerr << decision.explanation << '\n';
          std::exit(1);
        }
        record_decision(tx, {"bench", {}}, stored, decision, history, clock.now());
      }));
    }));
  }
  std::cout << '{';
  print("thought", std::move(thought));
  std::cout << ", ";
  print("on_disk", std::move(on_disk));
  std::cout << "}\n";
}
