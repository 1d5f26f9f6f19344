#include "receiver/intake/web_access.h"

#include <map>
#include <string>
#include <utility>

namespace backstay::intake {
namespace {

bool has_its_token_in_authorization(const WebhookConfig& webhook) {
  if (webhook.provider == "alertmanager") return webhook.basic_auth_user.empty();
  return webhook.provider == "generic" && webhook.generic.header == "authorization";
}

// Why basic_auth_users cannot be there; empty: they can.
std::string why_no_users(const std::vector<WebhookConfig>& webhooks) {
  for (const WebhookConfig& webhook : webhooks) {
    if (!webhook.asks_basic_auth || !has_its_token_in_authorization(webhook)) continue;
    const std::string user = webhook.provider == "alertmanager" ? "basic_auth_user, or " : "";
    return "the webhook " + webhook.name +
           " has its token in the header Authorization, where no password fits beside it: give "
           "it " +
           user + "basic_auth: not_asked";
  }
  return "";
}

// The users without whom a webhook cannot prove itself, each with what is told where he is missing.
std::map<std::string, std::string> users_needed(const std::vector<WebhookConfig>& webhooks) {
  std::map<std::string, std::string> needed;
  for (const WebhookConfig& webhook : webhooks) {
    const std::string& user = webhook.basic_auth_user;
    if (user.empty()) continue;
    needed.emplace(user, "the webhook " + webhook.name + " is proven by the password of " + user);
  }
  return needed;
}

}  // namespace

Result<WebAccess> load_web_access(const std::string& path,
                                  const std::vector<WebhookConfig>& webhooks) {
  WebAccess access;
  auto needed = users_needed(webhooks);
  if (path.empty()) {
    if (needed.empty()) return access;
    return fail(needed.begin()->second + ": give --web.config.file, with that user");
  }
  for (auto& [user, what_for] : needed) what_for += ", who is not among them";
  auto file = WebConfigFile::load(path, {"", why_no_users(webhooks), true, std::move(needed)});
  if (!file) return fail(file.error());
  access.config = *file;
  auto tls = TlsFiles::load(access.config);
  if (!tls) return fail(tls.error());
  access.tls = *tls;
  for (const WebhookConfig& webhook : webhooks) {
    if (!webhook.asks_basic_auth) access.open_paths.insert("/webhooks/" + webhook.name);
  }
  return access;
}

}  // namespace backstay::intake
