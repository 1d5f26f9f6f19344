#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/subprocess.h"
#include "receiver/drivers/driver.h"

namespace backstay {

// Programs of the user's own: argv lists in which "{release}" stands for the release's name. Those
// that change something are told BACKSTAY_RUN and BACKSTAY_FENCING_TOKEN in the environment. Exit
// status 0 is done, any other failed, no answer within the timeout unknown. `current` prints the
// live release's name, or nothing; `list` prints the kept ones, one a line.
struct CommandDriverConfig {
  std::vector<std::string> deploy;
  std::vector<std::string> switch_to;
  std::vector<std::string> current;
  std::vector<std::string> list;
  std::vector<std::pair<std::string, std::string>> environment;
  std::chrono::milliseconds timeout{60'000};
};

class CommandDriver final : public Driver {
 public:
  CommandDriver(CommandDriverConfig config, ProcessRunner& processes)
      : config_(std::move(config)), processes_(processes) {}

  StepResult stage(const std::string& release, const Attempt& attempt) override;
  StepResult switch_to(const std::string& release, const Attempt& attempt) override;
  Result<std::optional<std::string>> current() override;
  Result<std::vector<std::string>> kept() override;

 private:
  [[nodiscard]] Command command(const std::vector<std::string>& argv,
                                const std::string& release) const;
  StepResult change(const std::vector<std::string>& argv, const std::string& release,
                    const Attempt& attempt);
  Result<std::vector<std::string>> names(const std::vector<std::string>& argv);

  CommandDriverConfig config_;
  ProcessRunner& processes_;
};

}  // namespace backstay
