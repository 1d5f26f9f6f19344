#include "exporter/check.h"

#include <algorithm>
#include <ostream>

#include "exporter/collectors/collectors.h"
#include "exporter/collectors/explain.h"

namespace backstay {
namespace {

constexpr std::chrono::seconds kWithin{10};

// Counts of events are explained only: nothing is kept, and nobody is told.
struct NoServices {
  SystemClock clock;
  collectors::NoEventStore store;
  collectors::EventReport report;
  collectors::SlowTurn slow_turn;
};

Result<std::vector<collectors::Finding>> ask(const ExporterConfig& config) {
  const DatabaseConfig& database = *config.database;
  const auto url = database.url.read();
  if (!url) return fail(url.error());
  auto connection = pg::Connection::open(*url, kWithin);
  if (!connection) return fail(connection.error());
  NoServices none;
  auto table = collectors::make_collectors(config.with_pg, config.queries, database.pg);
  for (auto& collector : collectors::make_event_collectors(
           config.queries, {none.store, none.report, none.slow_turn, none.clock})) {
    table.push_back(std::move(collector));
  }
  const pg::Limits limits{database.statement_timeout, database.lock_timeout,
                          std::chrono::steady_clock::now() + kWithin};
  return collectors::explain(table, *connection, limits);
}

const char* in_words(collectors::Finding::Kind kind) {
  switch (kind) {
    case collectors::Finding::Kind::good:
      return "ok";
    case collectors::Finding::Kind::slow:
      return "slow: ";
    case collectors::Finding::Kind::wrong:
      break;
  }
  return "wrong: ";
}

}  // namespace

CheckOutcome check_queries(const ExporterConfig& config, std::ostream& out, std::ostream& err) {
  if (!config.database) return CheckOutcome::good;
  const auto findings = ask(config);
  if (!findings) {
    err << "the queries were not tried: " << findings.error().message << '\n';
    return CheckOutcome::database_not_asked;
  }
  std::size_t widest = 0;
  for (const auto& finding : *findings) widest = std::max(widest, finding.collector.size());
  bool is_good = true;
  for (const auto& finding : *findings) {
    const bool is_wrong = finding.kind == collectors::Finding::Kind::wrong;
    is_good = is_good && !is_wrong;
    (is_wrong ? err : out) << finding.collector
                           << std::string(widest - finding.collector.size() + 2, ' ')
                           << in_words(finding.kind) << finding.text << '\n';
  }
  return is_good ? CheckOutcome::good : CheckOutcome::bad;
}

}  // namespace backstay
