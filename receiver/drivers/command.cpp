#include "receiver/drivers/command.h"

#include <algorithm>
#include <sstream>

#include "receiver/event.h"

namespace backstay {
namespace {

constexpr std::string_view kPlaceholder = "{release}";
// A question is answered at once, however long a deploy may take: people and decisions wait for it.
constexpr std::chrono::milliseconds kAnswerWithin{30'000};

std::string fill_in(std::string argument, const std::string& release) {
  for (std::size_t at = argument.find(kPlaceholder); at != std::string::npos;
       at = argument.find(kPlaceholder, at + release.size())) {
    argument.replace(at, kPlaceholder.size(), release);
  }
  return argument;
}

}  // namespace

Command CommandDriver::command(const std::vector<std::string>& argv,
                               const std::string& release) const {
  Command command;
  for (const std::string& argument : argv) command.argv.push_back(fill_in(argument, release));
  command.environment = config_.environment;
  return command;
}

StepResult CommandDriver::change(const std::vector<std::string>& argv, const std::string& release,
                                 const Attempt& attempt) {
  // Names were validated where they came in; a journal that someone edited is no reason to pass on
  // an argument that a program may take for an option.
  if (!is_valid_release_name(release)) return {Outcome::failed, "not a valid release name"};
  Command change = command(argv, release);
  for (auto& told : attempt.environment()) change.environment.push_back(std::move(told));
  change.deadline = config_.timeout;
  change.stop = attempt.stop;
  const CommandResult result = processes_.run(change);
  if (result.ok()) return {Outcome::done, ""};
  const bool cut_off =
      result.how == CommandResult::How::timed_out || result.how == CommandResult::How::signalled ||
      result.how == CommandResult::How::stopped || result.how == CommandResult::How::unended;
  return {cut_off ? Outcome::unknown : Outcome::failed, argv.front() + ": " + result.describe()};
}

StepResult CommandDriver::stage(const std::string& release, const Attempt& attempt) {
  return change(config_.deploy, release, attempt);
}

StepResult CommandDriver::switch_to(const std::string& release, const Attempt& attempt) {
  return change(config_.switch_to, release, attempt);
}

// A question belongs to no attempt: a token that says 0 would not be one that only grows.
Result<std::vector<std::string>> CommandDriver::names(const std::vector<std::string>& argv) {
  Command question = command(argv, "");
  question.deadline = std::min(config_.timeout, kAnswerWithin);
  const CommandResult result = processes_.run(question);
  if (!result.ok()) return fail(argv.front() + ": " + result.describe());
  if (result.truncated) return fail(argv.front() + ": printed more than can be kept");
  std::vector<std::string> names;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    if (!is_valid_release_name(line)) {
      return fail(argv.front() + ": printed what is not a release's name");
    }
    names.push_back(line);
  }
  return names;
}

Result<std::optional<std::string>> CommandDriver::current() {
  auto printed = names(config_.current);
  if (!printed) return fail(printed.error());
  if (printed->size() > 1) return fail(config_.current.front() + ": printed more than one release");
  if (printed->empty()) return std::optional<std::string>();
  return std::optional<std::string>(printed->front());
}

Result<std::vector<std::string>> CommandDriver::kept() { return names(config_.list); }

}  // namespace backstay
