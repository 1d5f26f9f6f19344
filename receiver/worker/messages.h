#pragma once

#include <optional>
#include <string>

#include "receiver/journal/outbox.h"
#include "receiver/journal/run_log.h"
#include "receiver/policy/policy.h"

namespace backstay {

// What people are told, and how loudly. Pure. Nothing where there is nothing worth telling: a storm
// of alerts about a release that was already rolled back is not news.
struct Notice {
  std::string severity;  // info, warning, error, critical
  std::string title;
  std::string text;
  std::string group = {};  // of those that say the same again; empty: each is news
};

std::optional<Notice> message_for_decision(const std::string& service, const Event& event,
                                           const Decision& decision);
std::optional<Notice> message_for_step(const std::string& service, const journal::Run& run,
                                       const journal::Step& step);
std::optional<Notice> message_for_end(const std::string& service, const journal::Run& run,
                                      const std::string& outcome, const std::string& detail);

}  // namespace backstay
