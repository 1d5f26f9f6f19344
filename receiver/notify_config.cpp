#include "receiver/notify_config.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 4> kSeverities{"info", "warning", "error", "critical"};
constexpr std::size_t kMailboxesMax = 20;

std::vector<std::string> read_severities(ConfigNode& node) {
  std::vector<std::string> severities = node.texts("severities");
  if (node.has("severities") && severities.empty()) {
    node.fault("severities", "name at least one, or leave the key out for all of them");
  }
  for (const std::string& severity : severities) {
    if (std::find(kSeverities.begin(), kSeverities.end(), severity) != kSeverities.end()) continue;
    node.fault("severities", "\"" + severity + "\" is none of: info, warning, error, critical");
  }
  return severities;
}

Wording read_wording(ConfigNode& node, const std::string& service) {
  Wording wording;
  wording.service = service;
  const auto keep = [&](const char* key, const Result<MessageTemplate>& made) {
    if (!made) node.fault(key, made.error().message);
    return made ? std::optional(*made) : std::nullopt;
  };
  if (const auto text = node.maybe_text("title_template")) {
    wording.title = keep("title_template", MessageTemplate::parse(*text, "title_template"));
  }
  if (const auto path = node.maybe_path("template_file")) {
    wording.text = keep("template_file", MessageTemplate::load(*path));
  }
  return wording;
}

// It becomes part of a URL.
bool is_host(const std::string& text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:";
  return text.find_first_not_of(kAllowed) == std::string::npos;
}

void read_addresses(ConfigNode& node, MailEnvelope& envelope) {
  constexpr const char* kWanted = "expected a mail address like ops@example.com";
  envelope.from = node.text("from");
  envelope.to = node.texts("to");
  if (!envelope.from.empty() && !is_mail_address(envelope.from)) node.fault("from", kWanted);
  if (envelope.to.empty()) node.fault("", "to is missing: a list of mail addresses");
  if (envelope.to.size() > kMailboxesMax) node.fault("to", "at most 20 mail addresses");
  std::set<std::string> seen;
  for (const std::string& mailbox : envelope.to) {
    if (!is_mail_address(mailbox)) node.fault("to", kWanted);
    if (!seen.insert(mailbox).second) node.fault("to", "\"" + mailbox + "\" is there twice");
  }
}

EmailConfig read_email(ConfigNode& node, const std::string& service) {
  EmailConfig email;
  email.envelope.service = service;
  email.host = node.text("host");
  if (!is_host(email.host)) node.fault("host", "expected a host's name or address");
  email.port = static_cast<int>(node.integer_or("port", 587, 1, 65535));
  const std::string tls = node.choice_or("tls", {"starttls", "tls", "none"}, "starttls");
  email.tls = tls == "none"  ? SmtpRequest::Tls::none
              : tls == "tls" ? SmtpRequest::Tls::from_the_start
                             : SmtpRequest::Tls::starttls;
  email.ca_file = node.maybe_path("ca_file").value_or("");
  email.user = node.maybe_text("user").value_or("");
  if (!email.user.empty()) {
    email.password = node.required_secret("password", false);
    if (tls == "none") node.fault("tls", "none, and a password: it is sent only with TLS");
  }
  read_addresses(node, email.envelope);
  email.timeout = node.duration_or("timeout", seconds(15), seconds(1), minutes(1));
  return email;
}

}  // namespace

std::vector<NotifyConfig> read_notify(ConfigNode& root, const std::string& service) {
  std::vector<NotifyConfig> channels;
  std::set<std::string> names;
  for (ConfigNode& node : root.sections("notify")) {
    NotifyConfig notify;
    notify.channel = node.choice_or("channel", {"log", "slack", "email"}, "");
    if (notify.channel.empty()) node.fault("", "channel is missing");
    if (!names.insert(notify.channel).second) node.fault("channel", "used twice");
    notify.severities = read_severities(node);
    notify.group_window = node.duration_or("group_window", minutes(5), milliseconds(0), hours(24));
    notify.wording = read_wording(node, service);
    if (notify.channel == "slack") notify.url = node.required_secret("url", false);
    if (notify.channel == "email") notify.email = read_email(node, service);
    channels.push_back(notify);
  }
  return channels;
}

}  // namespace backstay
