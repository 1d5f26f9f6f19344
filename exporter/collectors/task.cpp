#include "exporter/collectors/task.h"

#include <cstdint>
#include <exception>
#include <utility>

namespace backstay::collectors {
namespace {

// What is thrown ends neither the thread nor the wait of whoever asked.
Error exception_error(const std::exception& error) {
  return Error{std::string("it ended in an exception: ") + error.what()};
}

Result<metrics::Snapshot> attempt(const Work& work, pg::Connection& connection) {
  try {
    return work(connection);
  } catch (const std::exception& error) {
    return fail(exception_error(error));
  }
}

// None: the work is to be done.
std::optional<Result<metrics::Snapshot>> attempt(const Question& question, const pg::Rows& rows,
                                                 int server_version) {
  try {
    auto read = question.read(rows, server_version);
    if (!read) return std::nullopt;
    return Result<metrics::Snapshot>(std::move(*read));
  } catch (const std::exception& error) {
    return Result<metrics::Snapshot>(fail(exception_error(error)));
  }
}

// Those that have no answer yet: to be done as work, or anew where the connection broke.
std::vector<Task> ask(std::vector<Task> tasks, pg::Connection& connection, std::string& why) {
  std::vector<Task> left;
  std::vector<Task> asked;
  std::vector<std::string> sql;
  const int version = connection.server_version();
  for (Task& task : tasks) {
    std::string text = task.question ? task.question->sql(version) : "";
    std::vector<Task>& to = text.empty() ? left : asked;
    to.push_back(std::move(task));
    if (!text.empty()) sql.push_back(std::move(text));
  }
  if (asked.empty()) return left;
  connection.query_each(sql, asked.front().question->limits(),
                        [&](std::size_t which, Result<pg::Rows> rows) {
                          Task& task = asked[which];
                          if (!rows && connection.broken()) {
                            why = rows.error().message;
                            left.push_back(std::move(task));
                          } else if (!rows) {
                            task.done(fail(rows.error()), true);
                          } else if (auto outcome = attempt(*task.question, *rows, version)) {
                            task.done(std::move(*outcome), true);
                          } else {
                            left.push_back(std::move(task));
                          }
                        });
  return left;
}

}  // namespace

std::vector<Task> perform(std::vector<Task> tasks, pg::Connection& connection, std::string& why) {
  if (tasks.size() > 1) tasks = ask(std::move(tasks), connection, why);
  std::vector<Task> left;
  for (Task& task : tasks) {
    if (connection.broken()) {
      left.push_back(std::move(task));
      continue;
    }
    const std::uint64_t answers_before = connection.answers_received();
    auto outcome = attempt(task.work, connection);
    if (!outcome && connection.broken()) {
      why = outcome.error().message;
      left.push_back(std::move(task));
    } else {
      // A collector that has nothing to ask of this server does not say that it answers.
      task.done(std::move(outcome), connection.answers_received() > answers_before);
    }
  }
  return left;
}

}  // namespace backstay::collectors
