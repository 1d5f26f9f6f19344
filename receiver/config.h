#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "receiver/actions/backup.h"
#include "receiver/actions/confirm.h"
#include "receiver/actions/verify.h"
#include "receiver/drivers/command.h"
#include "receiver/intake/provider.h"
#include "receiver/notify_config.h"
#include "receiver/policy/policy.h"

namespace backstay {

// receiver.yml, as docs/CONFIG.md describes it.
struct ReceiverConfig {
  std::string service;
  std::string state_dir;
  BackupConfig backups;
  std::string prometheus_url;
  std::vector<intake::WebhookConfig> webhooks;
  std::vector<IpNetwork> trusted_proxies = {};
  Policy policy;
  CommandDriverConfig driver;
  VerifyConfig verify;
  ConfirmConfig confirm;
  std::vector<NotifyConfig> notify;
  std::chrono::milliseconds settle{10 * 60'000};
  std::chrono::milliseconds journal_keep{std::chrono::hours(24 * 365)};

  [[nodiscard]] std::string journal_path() const { return state_dir + "/journal.db"; }
  [[nodiscard]] std::string socket_path() const { return state_dir + "/control.sock"; }
  [[nodiscard]] std::string lock_path() const { return state_dir + "/lock"; }
};

// Everything that is wrong at once, each with file, line and path of the key. Secrets are read
// once, so that a missing or unreadable file shows here and not at the first webhook.
Result<ReceiverConfig> load_receiver_config(const std::string& path);

}  // namespace backstay
