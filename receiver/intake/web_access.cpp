#include "receiver/intake/web_access.h"

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

Result<void> check_users(const std::vector<WebhookConfig>& webhooks, const WebConfigFile* file,
                         const WebConfig* config) {
  for (const WebhookConfig& webhook : webhooks) {
    if (webhook.basic_auth_user.empty()) continue;
    const std::string who =
        "the webhook " + webhook.name + " is proven by the password of " + webhook.basic_auth_user;
    if (file == nullptr) return fail(who + ": give --web.config.file, with that user");
    if (config->users.count(webhook.basic_auth_user) == 0) {
      return fail(file->path() + ": " + who + ", who is not among basic_auth_users");
    }
  }
  return {};
}

}  // namespace

Result<WebAccess> load_web_access(const std::string& path,
                                  const std::vector<WebhookConfig>& webhooks) {
  WebAccess access;
  if (path.empty()) {
    if (auto checked = check_users(webhooks, nullptr, nullptr); !checked) {
      return fail(checked.error());
    }
    return access;
  }
  auto file = WebConfigFile::load(path, {"", why_no_users(webhooks), true});
  if (!file) return fail(file.error());
  access.config = *file;
  const auto config = access.config->current();
  if (!config) return fail(config.error());
  if (auto checked = check_users(webhooks, file->get(), config->get()); !checked) {
    return fail(checked.error());
  }
  auto tls = TlsFiles::load(access.config);
  if (!tls) return fail(tls.error());
  access.tls = *tls;
  for (const WebhookConfig& webhook : webhooks) {
    if (!webhook.asks_basic_auth) access.open_paths.insert("/webhooks/" + webhook.name);
  }
  return access;
}

}  // namespace backstay::intake
