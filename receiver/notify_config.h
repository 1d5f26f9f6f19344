#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/config_file.h"
#include "base/secret.h"
#include "receiver/channels/email.h"
#include "receiver/channels/message_template.h"

namespace backstay {

// One entry of `notify`: a channel, and what goes there.
struct NotifyConfig {
  std::string channel;                              // log, slack, email
  std::vector<std::string> severities;              // empty: all
  std::chrono::milliseconds group_window{300'000};  // 0: nothing is grouped
  Wording wording;
  std::optional<SecretSource> url;  // slack
  std::optional<EmailConfig> email;
};

// Faults are noted in the node.
std::vector<NotifyConfig> read_notify(ConfigNode& root, const std::string& service);

}  // namespace backstay
