#include "receiver/held_secrets.h"

#include <utility>

#include "base/pg_address.h"

namespace backstay {
namespace {

// A part that is one by itself is longer: 24 bytes at least, as base64, behind whsec_, 24 letters
// at the end of Slack's address. What is shorter may be any word ("/hooks/deploy").
constexpr std::size_t kPartBytesMin = 16;

}  // namespace

std::vector<Secret> held_secrets(const ReceiverConfig& config) {
  std::vector<Secret> secrets;
  // A part of a secret may be one by itself: the key behind whsec_, the end of
  // Slack's address.
  const auto hold = [&](const SecretSource& source, const std::string& part_behind = "") {
    const auto value = source.read();
    if (!value) return;
    secrets.push_back(*value);
    const std::size_t at = value->reveal().rfind(part_behind);
    if (part_behind.empty() || at == std::string::npos) return;
    std::string part = value->reveal().substr(at + part_behind.size());
    if (part.size() >= kPartBytesMin) secrets.emplace_back(std::move(part));
  };
  for (const intake::WebhookConfig& webhook : config.webhooks) {
    for (const SecretSource& source : webhook.secrets) hold(source, "whsec_");
  }
  for (const NotifyConfig& notify : config.notify) {
    if (notify.url) hold(*notify.url, "/");
    if (notify.email && notify.email->password) hold(*notify.email->password);
  }
  hold(config.backups.database_url);
  const auto url = config.backups.database_url.read();
  if (!url) return secrets;
  if (const auto address = pg::Address::parse(*url)) {
    for (Secret& password : address->passwords()) secrets.push_back(std::move(password));
  }
  return secrets;
}

}  // namespace backstay
