// killable_receiver CONFIG KILL_AT: what the receiver does once an alert is on disk, and a SIGKILL
// to itself just before or just after the KILL_AT-th change of the journal (0: never). On an empty
// journal it first adopts release 1, deploys release 2 and takes in the alert. Prints how many
// changes it saw.

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/log.h"
#include "receiver/core.h"
#include "receiver/journal/event_log.h"

namespace {

using namespace backstay;

void work_until_idle(Worker& worker) {
  while (worker.work_once({})) {
  }
}

Event alert(WallTime began_at) {
  Event event;
  event.source = "alertmanager";
  event.kind = EventKind::alert_firing;
  event.dedupe_key = "the alert";
  event.actor = "alertmanager";
  event.subject = "ErrorRatioHigh";
  event.labels = {{"alertname", "ErrorRatioHigh"}, {"action", "rollback"}};
  event.began_at = began_at;
  return event;
}

void prepare(Core& core, Clock& clock) {
  core.control().handle("adopt", {{"release", "1"}, {"actor", "test"}, {"reason", "the first"}});
  core.control().handle(
      "submit",
      {{"event", "deploy_requested"}, {"release", "2"}, {"actor", "test"}, {"backup", false}});
  work_until_idle(core.worker());
  if (!core.journal().write(
          [&](journal::Transaction& tx) { append_event(tx, alert(clock.now()), clock.now()); })) {
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  log::configure(log::Level::warn, log::Format::logfmt);
  auto config = load_receiver_config(argv[1]);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return 2;
  }
  SystemClock clock;
  CurlHttpClient http;
  SystemProcessRunner processes;
  auto core = Core::open(std::move(*config), clock, http, processes);
  if (!core) {
    std::cerr << core.error().message << '\n';
    return 1;
  }
  bool is_new = true;
  if (!(*core)->journal().read(
          [&](journal::Transaction& tx) { is_new = !find_event(tx, 1).has_value(); })) {
    return 1;
  }
  if (is_new) prepare(**core, clock);

  std::atomic<int> changes{0};
  const int kill_at = std::atoi(argv[2]);
  (*core)->journal().on_commit([&]() {
    if (++changes == kill_at) ::kill(::getpid(), SIGKILL);
  });
  work_until_idle((*core)->worker());
  std::cout << changes << '\n';
  return 0;
}
