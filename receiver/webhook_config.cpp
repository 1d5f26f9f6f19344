#include "receiver/webhook_config.h"

#include <cctype>
#include <set>

#include "receiver/intake/generic.h"

namespace backstay {
namespace {

// `secret_file`, `bearer_token_file`, or a list of two while one is being rotated: `secret_files`.
std::vector<SecretSource> webhook_secrets(ConfigNode& node, const std::string& provider) {
  const std::string key = provider == "alertmanager" ? "bearer_token" : "secret";
  std::vector<SecretSource> secrets;
  const std::string list_key = key + "_files";
  for (const std::string& path : node.paths(list_key)) {
    SecretSource source = SecretSource::file(path);
    if (auto value = source.read(); !value) node.fault(list_key, value.error().message);
    secrets.push_back(source);
  }
  if (secrets.size() > 2) node.fault(list_key, "at most two: the current one and the one before");
  if (secrets.empty()) secrets.push_back(node.required_secret(key, false));
  return secrets;
}

intake::GenericConfig::Signature signature_named(const std::string& name) {
  if (name == "hmac_sha256") return intake::GenericConfig::Signature::hmac_sha256;
  if (name == "hmac_sha1") return intake::GenericConfig::Signature::hmac_sha1;
  if (name == "timestamped") return intake::GenericConfig::Signature::timestamped;
  return intake::GenericConfig::Signature::token;
}

std::string checked_pointer(ConfigNode& fields, const std::string& key, std::string pointer) {
  if (pointer.empty()) return pointer;
  if (const auto fault = intake::Generic::fault_of_pointer(pointer)) fields.fault(key, *fault);
  return pointer;
}

void read_fields(ConfigNode fields, intake::GenericConfig& generic) {
  generic.event = checked_pointer(fields, "event", fields.text("event"));
  generic.id = checked_pointer(fields, "id", fields.text("id"));
  generic.release = checked_pointer(fields, "release", fields.text_or("release", ""));
  generic.actor = checked_pointer(fields, "actor", fields.text_or("actor", ""));
  generic.environment = checked_pointer(fields, "environment", fields.text_or("environment", ""));
  generic.details = {
      {"commit", checked_pointer(fields, "commit", fields.text_or("commit", ""))},
      {"commit_times", checked_pointer(fields, "commit_times", fields.text_or("commit_times", ""))},
      {"digest", checked_pointer(fields, "digest", fields.text_or("digest", ""))},
      {"migrations", checked_pointer(fields, "migrations", fields.text_or("migrations", ""))},
      {"rollback_safe",
       checked_pointer(fields, "rollback_safe", fields.text_or("rollback_safe", ""))},
      {"rework", checked_pointer(fields, "rework", fields.text_or("rework", ""))},
  };
}

// What the sender calls it: what it is for us. Alerts come with labels and a beginning, which
// cannot be named here.
void read_events(ConfigNode& webhook, intake::GenericConfig& generic) {
  ConfigNode events = webhook.section("events");
  if (events.keys().empty()) webhook.fault("", "events is missing: {their-word: deploy_requested}");
  for (const std::string& word : events.keys()) {
    const std::string name = events.text(word);
    const auto kind = parse_event_kind(name);
    if (!kind || *kind == EventKind::alert_firing || *kind == EventKind::alert_resolved) {
      if (!name.empty()) events.fault(word, "no event, or one of alerts: \"" + name + "\"");
      continue;
    }
    const bool needs_release =
        *kind != EventKind::rollback_requested && *kind != EventKind::backup_requested;
    if (needs_release && generic.release.empty()) {
      events.fault(word, name + " needs fields.release");
    }
    generic.events[word] = *kind;
  }
}

intake::GenericConfig read_generic(ConfigNode& webhook) {
  intake::GenericConfig generic;
  generic.signature = signature_named(webhook.choice_or(
      "signature", {"token", "hmac_sha256", "hmac_sha1", "timestamped"}, "token"));
  generic.header = webhook.text("header");
  // The server hands headers on with their names in lower case.
  for (char& c : generic.header) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  read_fields(webhook.section("fields"), generic);
  read_events(webhook, generic);
  return generic;
}

// By its own way in, the password of a user of the web configuration file, or by a secret.
void read_proof(ConfigNode& node, intake::WebhookConfig& webhook) {
  webhook.asks_basic_auth =
      node.choice_or("basic_auth", {"asked", "not_asked"}, "asked") == "asked";
  if (webhook.provider == "alertmanager" && node.has("basic_auth_user")) {
    webhook.basic_auth_user = node.maybe_text("basic_auth_user").value_or("");
    if (!webhook.asks_basic_auth) node.fault("basic_auth", "but basic_auth_user is its proof");
    if (node.secret("bearer_token", false) || node.has("bearer_token_files")) {
      node.fault("basic_auth_user", "not together with a bearer token: one header has both");
    }
    return;
  }
  webhook.secrets = webhook_secrets(node, webhook.provider);
}

intake::RateLimitConfig read_rate_limit(ConfigNode node) {
  intake::RateLimitConfig rate;
  rate.per_second = node.number_or("per_second", 100, 0.01, 1'000'000);
  rate.burst = static_cast<double>(node.integer_or("burst", 10'000, 1, 10'000'000));
  return rate;
}

}  // namespace

std::vector<IpNetwork> read_networks(ConfigNode& node, const std::string& key) {
  std::vector<IpNetwork> networks;
  const std::vector<std::string> texts = node.texts(key);
  if (texts.empty() && node.has(key)) node.fault(key, "names nobody: leave it out, or fill it");
  for (const std::string& text : texts) {
    auto network = IpNetwork::parse(text);
    if (network) {
      networks.push_back(*network);
    } else {
      node.fault(key, network.error().message);
    }
  }
  return networks;
}

std::vector<IpNetwork> read_trusted_proxies(ConfigNode& root) {
  std::vector<IpNetwork> networks = read_networks(root, "trusted_proxies");
  for (const IpNetwork& network : networks) {
    if (network.is_everything()) {
      root.fault("trusted_proxies", "everybody: then any sender could say who it is");
    }
  }
  return networks;
}

std::vector<intake::WebhookConfig> read_webhooks(ConfigNode& root) {
  std::vector<intake::WebhookConfig> webhooks;
  std::set<std::string> names;
  for (ConfigNode& node : root.sections("webhooks")) {
    intake::WebhookConfig webhook;
    webhook.name = node.text("name");
    webhook.provider = node.choice_or("provider", intake::provider_names(), "");
    if (webhook.provider.empty()) node.fault("", "provider is missing");
    if (webhook.name == "cli" || webhook.name == "backstay") {
      node.fault("name", "\"" + webhook.name + "\" is kept for our own events");
    }
    if (!webhook.name.empty() && !is_valid_release_name(webhook.name)) {
      node.fault("name", "only letters, digits, '.', '_', '-' and '+'");
    }
    if (!names.insert(webhook.name).second) node.fault("name", "used twice");
    read_proof(node, webhook);
    webhook.allow_from = read_networks(node, "allow_from");
    webhook.rate_limit = read_rate_limit(node.section("rate_limit"));
    if (webhook.provider == "github") webhook.workflows = node.texts("workflows");
    if (webhook.provider == "generic") webhook.generic = read_generic(node);
    webhooks.push_back(webhook);
  }
  return webhooks;
}

}  // namespace backstay
