#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"

struct pg_conn;
struct pg_result;

namespace backstay::pg {

// libpq's, which only the .cpp files know.
using Session = pg_conn;
using Answer = pg_result;
struct SessionEnd {
  void operator()(Session* session) const;
};
struct AnswerEnd {
  void operator()(Answer* answer) const;
};
using ServerResult = std::unique_ptr<Answer, AnswerEnd>;

// A libpq connection on which statements go in one round trip, each wait under a deadline. Only for
// base/pg. One thread. An Error is a connection that is broken.
//
// libpq alone, not libpqxx 6.4: the latter loses the result of each call whose connection breaks (2
// KB a deadline that passes), and has no wait with a deadline, which libpq leaves to us.
// https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
class Pipeline {
 public:
  // Begins to connect.
  explicit Pipeline(const std::string& address);

  // Goes on until it is connected. False where it is not by the deadline, or cannot be.
  bool connect(SteadyTime until);
  // From now on a wait ends, and the connection with it, as soon as stop is requested.
  void end_with(std::stop_token stop) { stop_ = std::move(stop); }
  // For what is sent and received from now on.
  void set_deadline(SteadyTime deadline) { deadline_ = deadline; }

  // After a statement that fails the server leaves out the others, up to the sync.
  Result<void> send(const std::string& statement);
  // What was sent so far is answered as soon as the server has it, not only at the sync.
  Result<void> request_answer();
  Result<void> sync();
  // Of the next statement that was sent; an error, or PGRES_PIPELINE_ABORTED for one that was left
  // out, is a result too.
  Result<ServerResult> receive();
  // The sync, after the last result.
  Result<void> receive_sync();

  [[nodiscard]] Session* get() const { return connection_.get(); }
  [[nodiscard]] bool is_broken() const { return !why_broken_.empty(); }
  [[nodiscard]] const std::string& why_broken() const { return why_broken_; }

 private:
  Result<ServerResult> next();
  Result<void> wait_for_result();
  bool wait_for_socket();
  [[nodiscard]] bool poll_socket(short events) const;
  tl::unexpected<Error> broken(std::string why);

  std::unique_ptr<Session, SessionEnd> connection_;
  SteadyTime deadline_;
  std::stop_token stop_;
  std::string why_broken_;
};

// libpq's messages have several lines, ours one.
std::string one_line(std::string text);
bool is_error(const Answer* result);
// The server's words and the state that it gives them.
std::string error_text(const Answer* result);

}  // namespace backstay::pg
