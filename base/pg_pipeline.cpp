#include "base/pg_pipeline.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <libpq-fe.h>
#include <poll.h>

namespace backstay::pg {
namespace {

constexpr std::int64_t kLookForStopMs = 100;

// After it the server ends the session.
bool is_fatal(const Answer* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr) severity = PQresultErrorField(result, PG_DIAG_SEVERITY);  // PgBouncer's
  return severity != nullptr && std::string_view(severity) != "ERROR";
}

bool is_copy(const Answer* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH;
}

}  // namespace

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

bool is_error(const Answer* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

std::string error_text(const Answer* result) {
  const std::string text = one_line(PQresultErrorMessage(result));
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? text : text + " (" + state + ")";
}

void SessionEnd::operator()(Session* session) const { PQfinish(session); }
void AnswerEnd::operator()(Answer* answer) const { PQclear(answer); }

Pipeline::Pipeline(const std::string& address) : connection_(PQconnectStart(address.c_str())) {
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);  // it would print them
}

bool Pipeline::connect(SteadyTime until) {
  deadline_ = until;
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED || PQstatus(get()) == CONNECTION_BAD) return false;
    if (!poll_socket(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return false;
    wanted = PQconnectPoll(get());
  }
  return PQsetnonblocking(get(), 1) == 0 && PQenterPipelineMode(get()) == 1;
}

// With parameters, though they have none: the server then takes one statement and no more, so that
// none can end the transaction and go on outside it.
Result<void> Pipeline::send(const std::string& statement) {
  const bool is_sent =
      PQsendQueryParams(get(), statement.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  return is_sent ? Result<void>() : broken(one_line(PQerrorMessage(get())));
}

Result<void> Pipeline::request_answer() {
  const bool is_sent = PQsendFlushRequest(get()) == 1;
  return is_sent ? Result<void>() : broken(one_line(PQerrorMessage(get())));
}

Result<void> Pipeline::sync() {
  const bool is_sent = PQpipelineSync(get()) == 1;
  return is_sent ? Result<void>() : broken(one_line(PQerrorMessage(get())));
}

Result<ServerResult> Pipeline::receive() {
  ServerResult last;
  for (;;) {
    auto received = next();
    if (!received) return received;
    const Answer* result = received->get();
    if (result == nullptr) return last;  // the end of this statement's results
    if (is_copy(result)) return broken("COPY is no query");
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) return broken("answers out of order");
    if (PQstatus(get()) != CONNECTION_OK) return broken(error_text(result));
    if (is_error(result) && is_fatal(result)) return broken(error_text(result));
    last = std::move(*received);
  }
}

Result<void> Pipeline::receive_sync() {
  auto received = next();
  if (!received) return fail(received.error());
  const bool is_sync = PQresultStatus(received->get()) == PGRES_PIPELINE_SYNC;
  return is_sync ? Result<void>() : broken("answers out of order");
}

// What PQgetResult() gives: a result, or none at the end of a statement's.
Result<ServerResult> Pipeline::next() {
  if (auto waited = wait_for_result(); !waited) return broken(waited.error().message);
  ServerResult result(PQgetResult(get()));
  if (!result && PQstatus(get()) != CONNECTION_OK) {
    return broken(one_line(PQerrorMessage(get())));
  }
  return result;
}

// Until PQgetResult() will not block.
Result<void> Pipeline::wait_for_result() {
  while (PQisBusy(get()) != 0) {
    if (!wait_for_socket()) {
      return fail(stop_.stop_requested() ? "stopping" : "no answer within the deadline");
    }
    if (PQconsumeInput(get()) == 0) return fail(one_line(PQerrorMessage(get())));
  }
  return {};
}

// Sends what is left and waits for what comes; false where the deadline passes first.
bool Pipeline::wait_for_socket() {
  const bool has_unsent = PQflush(get()) > 0;
  return poll_socket(has_unsent ? POLLIN | POLLOUT : POLLIN);
}

bool Pipeline::poll_socket(short events) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    if (left.count() <= 0 || stop_.stop_requested()) return false;
    pollfd socket{PQsocket(get()), events, 0};
    const auto timeout = std::min<std::int64_t>(left.count(), kLookForStopMs);
    if (::poll(&socket, 1, static_cast<int>(timeout)) > 0) return true;
  }
}

tl::unexpected<Error> Pipeline::broken(std::string why) {
  why_broken_ = why.empty() ? "the connection is broken" : std::move(why);
  return fail(why_broken_);
}

}  // namespace backstay::pg
