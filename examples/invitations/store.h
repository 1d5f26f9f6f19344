#pragma once

#include <memory>
#include <optional>
#include <string>

// The service's tables. A connection for each thread; one that broke is replaced at the next call.
// Every call throws std::exception where the database does not answer.
class Store {
 public:
  explicit Store(std::string url) : url_(std::move(url)) {}

  // The new user's id; none where the e-mail is taken.
  std::optional<long> sign_up(const std::string& email);
  // The new invitation's id; its e-mail is sent and recorded. None where there is no such inviter.
  std::optional<long> invite(long inviter, const std::string& email);
  // False where the invitation is not pending any more, or not there.
  bool answer(long invitation, const std::string& status);
  // The invitation's status.
  std::optional<std::string> status_of(long invitation);
  // Throws where the tables cannot be read.
  void check();

 private:
  template <class Work>
  auto run(Work work);
  std::string url_;
};
