#include "receiver/journal_metrics.h"

#include <string>

#include "base/metric_family.h"
#include "receiver/ledger/delivery_metrics.h"

namespace backstay {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Every name begins like this.
MetricFamily family(const std::string& name, const std::string& help, MetricType type) {
  return metric_family("backstay_receiver_" + name, help, type);
}

MetricFamily single(const std::string& name, const std::string& help, double value) {
  return single_metric("backstay_receiver_" + name, help, MetricType::Gauge, value);
}

// A family whose labels are the query's first columns and whose value is its last.
MetricFamily from_query(const journal::Transaction& tx, MetricFamily result,
                        const std::vector<std::string>& labels, const char* sql) {
  journal::Statement rows = tx.prepare(sql);
  while (rows.next()) {
    std::vector<ClientMetric::Label> values;
    int column = 0;
    for (const std::string& label : labels) values.push_back({label, rows.text(column++)});
    const auto value = rows.maybe_integer(column);
    if (value) add_sample(result, std::move(values), static_cast<double>(*value));
  }
  return result;
}

MetricFamily in_seconds(MetricFamily milliseconds) {
  for (ClientMetric& metric : milliseconds.metric) metric.gauge.value /= 1000;
  return milliseconds;
}

std::vector<MetricFamily> read_all(const journal::Transaction& tx) {
  constexpr MetricType kCounter = MetricType::Counter;
  constexpr MetricType kGauge = MetricType::Gauge;
  return {
      from_query(tx, family("events_total", "Events on disk.", kCounter), {"source", "kind"},
                 "SELECT first, second, total FROM totals WHERE name = 'events'"),
      from_query(tx, family("decisions_total", "Final decisions, refusals included.", kCounter),
                 {"verdict", "reason"},
                 "SELECT first, second, total FROM totals WHERE name = 'decisions'"),
      from_query(tx, family("runs_total", "Actions that ended.", kCounter), {"action", "outcome"},
                 "SELECT first, second, total FROM totals WHERE name = 'runs'"),
      from_query(tx, family("steps_total", "Steps that ended.", kCounter), {"step", "outcome"},
                 "SELECT first, second, total FROM totals WHERE name = 'steps'"),
      from_query(tx, family("run_in_flight", "1 while an action runs.", kGauge), {},
                 "SELECT count(*) FROM runs WHERE ended_at IS NULL"),
      from_query(
          tx, family("events_waiting", "Events without a decision.", kGauge), {},
          "SELECT count(*) FROM undecided u LEFT JOIN approvals a ON a.event_id = u.event_id "
          "WHERE a.event_id IS NULL OR a.answered_at IS NOT NULL"),
      from_query(tx, family("approvals_waiting", "Questions to people, not answered.", kGauge), {},
                 "SELECT count(*) FROM approvals a JOIN undecided u ON u.event_id = a.event_id"),
      from_query(tx, family("messages_waiting", "Messages to people not sent yet.", kGauge), {},
                 "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL"),
      from_query(tx, family("messages_given_up_total", "Messages never delivered.", kCounter),
                 {"channel"}, "SELECT first, total FROM totals WHERE name = 'given_up'"),
      from_query(tx, family("journal_rows_removed_total", "Old rows that nothing needs.", kCounter),
                 {"table"}, "SELECT first, total FROM totals WHERE name = 'removed'"),
      in_seconds(from_query(
          tx,
          family("journal_retention_timestamp_seconds",
                 "When old rows were last looked for, by a clock that was believed.", kGauge),
          {}, "SELECT total FROM totals WHERE name = 'clock' AND first = 'trusted_ms'")),
      from_query(tx,
                 family("messages_folded_total",
                        "Messages told by the number in another of their kind.", kCounter),
                 {"channel"}, "SELECT first, total FROM totals WHERE name = 'folded'"),
      in_seconds(from_query(
          tx,
          family("deployment_live_timestamp_seconds",
                 "When the live release's switch began, in seconds since the epoch.", kGauge),
          {"release", "kind"},
          "SELECT release, kind, live_at FROM deployments WHERE ended_at IS NULL")),
      from_query(tx, family("releases_poisoned", "Releases that were rolled back.", kGauge), {},
                 "SELECT count(*) FROM releases WHERE poisoned_at IS NOT NULL"),
      in_seconds(from_query(
          tx,
          family("last_backup_timestamp_seconds",
                 "When the last backup was complete, in seconds since the epoch.", kGauge),
          {},
          "SELECT max(coalesce(checked_at, ended_at)) FROM steps WHERE name = 'backup' AND "
          "(outcome = 'done' OR finding = 'done')")),
  };
}

}  // namespace

std::vector<MetricFamily> JournalMetrics::Collect() const {
  std::vector<MetricFamily> families;
  const auto read = journal_.read([&](journal::Transaction& tx) {
    families = read_all(tx);
    for (MetricFamily& family : delivery_metrics(tx)) families.push_back(std::move(family));
  });
  if (!read) families.clear();
  if (read) {
    families.push_back(single_metric("backstay_receiver_journal_commits_held_up_total",
                                     "Commits that waited until the log was copied into the file.",
                                     MetricType::Counter,
                                     static_cast<double>(journal_.commits_held_up())));
  }
  const bool is_up = read && journal_.write_problem().empty();
  families.push_back(
      single("journal_up", "1 while the journal can be read and written.", is_up ? 1 : 0));
  families.push_back(single("journal_damaged", "1 once the journal's file was found damaged.",
                            journal_.damage().empty() ? 0 : 1));
  families.push_back(single("disarmed",
                            "1 while the file disarmed is in state_dir: no new step starts.",
                            kill_switch_.is_disarmed() ? 1 : 0));
  families.push_back(single("worker_stuck",
                            "1 while the worker cannot go on, and no disk is the reason.",
                            worker_.problem().empty() ? 0 : 1));
  if (const std::int64_t at = worker_.last_round_ms(); at != 0) {
    families.push_back(single("worker_last_round_timestamp_seconds",
                              "When the worker last looked for work, in seconds since the epoch.",
                              static_cast<double>(at) / 1000));
  }
  return families;
}

}  // namespace backstay
