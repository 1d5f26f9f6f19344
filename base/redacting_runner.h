#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/subprocess.h"

namespace backstay {

// What is looked for is no shorter: anything may be "1", and few secrets are.
constexpr std::size_t kKnownSecretBytesMin = 4;
// Where a line is read for what it says: a weak password may be a release's name.
constexpr std::size_t kSecretLineBytesMin = 8;

// The text without these secrets, each in its place "[redacted]", and without what looks like one
// (base/redact.h). Of a secret with several lines each line is one.
std::string without_secrets(const std::string& text, const std::vector<Secret>& known);

// Runs programs as another does, and gives of what they print only what may be kept and shown:
//   err  without the secrets that we hold and what looks like one. Where it was cut, its last line
//        goes with the cut, since that may have half a secret.
//   out  is read for what it says: only a line that is one of our secrets, of 8 bytes or more,
//        and nothing else is "[redacted]".
// Thread-safe where `runner` and `held` are.
class RedactingRunner final : public ProcessRunner {
 public:
  // held: the secrets as they are now. Asked after each program that printed something.
  RedactingRunner(ProcessRunner& runner, std::function<std::vector<Secret>()> held)
      : runner_(runner), held_(std::move(held)) {}
  CommandResult run(const Command& command) override;
  Result<Leftovers> end_leftovers(const Marks& marks, const std::stop_token& stop) override {
    return runner_.end_leftovers(marks, stop);
  }

 private:
  ProcessRunner& runner_;
  const std::function<std::vector<Secret>()> held_;
};

}  // namespace backstay
