#include "receiver/channels/template_failures.h"

#include <array>
#include <utility>

namespace backstay {
namespace {

constexpr std::array<std::pair<TemplateFailure, const char*>, 3> kReasons{{
    {TemplateFailure::failed, "failed"},
    {TemplateFailure::empty, "empty"},
    {TemplateFailure::refused, "refused"},
}};

}  // namespace

TemplateFailures::TemplateFailures(prometheus::Registry& registry)
    : failures_(prometheus::BuildCounter()
                    .Name("backstay_receiver_template_failures_total")
                    .Help("Templates that a message was sent without, by channel and reason.")
                    .Register(registry)) {}

Wording TemplateFailures::counted(Wording wording, const std::string& channel) {
  if (!wording.title && !wording.text) return wording;
  std::array<prometheus::Counter*, kReasons.size()> counters{};
  for (const auto& [failure, reason] : kReasons) {
    counters.at(static_cast<std::size_t>(failure)) =
        &failures_.Add({{"channel", channel}, {"reason", reason}});
  }
  wording.on_failure = [counters](TemplateFailure failure) {
    counters.at(static_cast<std::size_t>(failure))->Increment();
  };
  return wording;
}

}  // namespace backstay
