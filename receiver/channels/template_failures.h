#pragma once

#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include "receiver/channels/message_template.h"

namespace backstay {

// backstay_receiver_template_failures_total{channel, reason}: that a message came in our own words
// is seen by nobody who does not know the template. Thread-safe.
class TemplateFailures {
 public:
  explicit TemplateFailures(prometheus::Registry& registry);

  // The wording, counted from now on; without a template there is nothing to count. The registry
  // must outlive it.
  [[nodiscard]] Wording counted(Wording wording, const std::string& channel);

 private:
  prometheus::Family<prometheus::Counter>& failures_;
};

}  // namespace backstay
