#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace backstay::pg {

// A database's address, taken apart: a libpq URI or keyword string, as in
// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
// It holds the password, so nothing that it gives may be shown but the outcome of masked().
class Address {
 public:
  // The error never quotes the address.
  static Result<Address> parse(const Secret& url);
  ~Address();
  Address(Address&&) noexcept;
  Address& operator=(Address&&) noexcept;

  // As keywords, with our application_name and UTF-8: one for each host that it names, in order.
  // libpq would try them all by itself, but one that does not answer would take the whole time.
  [[nodiscard]] std::vector<std::string> by_host() const;
  // connect_timeout, where it has one that ends.
  [[nodiscard]] std::optional<std::chrono::milliseconds> connect_timeout() const;
  // The text without the passwords that the address holds.
  [[nodiscard]] std::string masked(std::string text) const;
  // All that the address holds (password, sslpassword).
  [[nodiscard]] std::vector<Secret> passwords() const;
  // As libpq's environment variables (PGHOST, PGPASSWORD, …).
  [[nodiscard]] std::vector<std::pair<std::string, Secret>> variables() const;

 private:
  struct Options;
  explicit Address(std::unique_ptr<Options> options);
  std::unique_ptr<Options> options_;
};

// The same address as environment variables, for pg_dump and its kin: on their command line anyone
// on the machine could read the password.
Result<std::vector<std::pair<std::string, Secret>>> environment(const Secret& url);

}  // namespace backstay::pg
