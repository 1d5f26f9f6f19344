#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/pg.h"
#include "base/result.h"
#include "exporter/metrics/snapshot.h"

namespace backstay::collectors {

// Reads something from the database, with as many queries as it takes.
using Work = std::function<Result<metrics::Snapshot>(pg::Connection&)>;
// Gets the outcome, exactly once. has_answer: the database said something, if only an error. It
// does not throw.
using Done = std::function<void(Result<metrics::Snapshot> outcome, bool has_answer)>;

// One query that is always quick, instead of work. Those that are asked at one time share a round
// trip.
struct Question {
  // For a server of this version (server_version_num); empty: it is to be done as work.
  std::function<std::string(int server_version)> sql;
  // None: the rows are not enough, and the work is to be done after all.
  std::function<std::optional<metrics::Snapshot>(const pg::Rows&, int server_version)> read;
  // Of each of the queries that go together, as they begin.
  std::function<pg::Limits()> limits;
};

// Something to do with a connection, by a deadline, and who is told.
struct Task {
  SteadyTime deadline;
  Work work;
  Done done;
  std::optional<Question> question = std::nullopt;
};

// Does them on one connection, questions first, and tells each outcome. Those that got no answer,
// because the connection broke, are returned, and told nothing; it says why.
std::vector<Task> perform(std::vector<Task> tasks, pg::Connection& connection, std::string& why);

}  // namespace backstay::collectors
