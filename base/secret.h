#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backstay {

// A value that must not be seen: it cannot be streamed, compared with ==, converted to a string or
// serialised, and its memory is wiped. Only the adapter that hands it to a library calls reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  ~Secret();
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;

  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  // Takes as long for a wrong value as for the right one of the same length.
  [[nodiscard]] bool equals(std::string_view candidate) const;

 private:
  std::string value_;
};

// Where a secret comes from: a file (its trailing newline dropped), an environment variable, or the
// configuration itself. A file is read again when its change time, size or inode changes, so that a
// rotated secret needs no restart. Copyable; copies share the cached value. Thread-safe.
class SecretSource {
 public:
  static SecretSource file(std::string path);
  static SecretSource environment(std::string variable);
  static SecretSource literal(Secret value);

  // The value as it is now. The error names the file or variable, never the value. A file that
  // cannot be read, is empty or is larger than 64 KiB is an error.
  [[nodiscard]] Result<Secret> read() const;
  // "file /etc/backstay/token", for messages.
  [[nodiscard]] const std::string& description() const;

 private:
  struct State;
  explicit SecretSource(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace backstay
