#include "base/web_config.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/bcrypt.h"
#include "base/config_file.h"
#include "base/log.h"

namespace backstay {
namespace {

// The headers that may be set, and their values where only some make sense: those of Prometheus'
// own exporters.
const std::map<std::string, std::set<std::string>>& allowed_headers() {
  static const std::map<std::string, std::set<std::string>> allowed{
      {"Content-Security-Policy", {}},
      {"Strict-Transport-Security", {}},
      {"X-Content-Type-Options", {"nosniff"}},
      {"X-Frame-Options", {"deny", "sameorigin"}},
      {"X-XSS-Protection", {}},
  };
  return allowed;
}

void read_headers(ConfigNode& server, WebConfig& config) {
  ConfigNode headers = server.section("headers");
  for (const std::string& name : headers.keys()) {
    const std::string value = headers.text(name);
    const auto allowed = allowed_headers().find(name);
    if (allowed == allowed_headers().end()) {
      headers.fault(name, "this header cannot be set");
    } else if (!allowed->second.empty() && allowed->second.count(value) == 0) {
      headers.fault(name, "this header cannot have this value");
    } else if (std::any_of(value.begin(), value.end(), [](char c) { return c < ' ' || c > '~'; })) {
      headers.fault(name, "expected printable ASCII");
    }
    config.headers[name] = value;
  }
}

void read_users(ConfigNode& root, WebConfig& config) {
  ConfigNode users = root.section("basic_auth_users");
  for (const std::string& name : users.keys()) {
    const std::string hash = users.text_or(name, "");
    if (!is_bcrypt_hash(hash)) {
      users.fault(name, "expected a bcrypt hash of cost " + std::to_string(kBcryptCostMin) +
                            " to " + std::to_string(kBcryptCostMax) +
                            ", as htpasswd -nBC 10 makes it");
    }
    if (name.find(':') != std::string::npos) users.fault(name, "a name cannot have a colon in it");
    config.users.emplace(name, Secret(hash));
  }
}

// There is no HTTP/2 here. Without the key, or without TLS, nobody misses it: each client of it
// speaks HTTP/1.1 as well.
void read_http2(ConfigNode& server, const WebConfig& config) {
  const bool is_wanted = server.flag_or("http2", true) && server.has("http2");
  if (is_wanted && config.tls) {
    server.fault("http2", "is not supported: say false, or leave it out");
  }
}

Result<WebConfig> parse(const std::string& text, const std::string& path,
                        const WebConfigSupport& support) {
  auto loaded = ConfigNode::parse(text, path);
  if (!loaded) return fail(loaded.error());
  ConfigNode& root = *loaded;
  WebConfig config;
  if (root.has("tls_server_config")) {
    if (support.why_no_tls.empty()) {
      config.tls = read_tls_server_config(root.section("tls_server_config"));
    } else {
      root.fault("tls_server_config", support.why_no_tls);
    }
  }
  if (root.has("rate_limit")) root.fault("rate_limit", "is not supported");
  ConfigNode server = root.section("http_server_config");
  read_http2(server, config);
  read_headers(server, config);
  read_users(root, config);
  if (!config.users.empty() && !support.why_no_users.empty()) {
    root.fault("basic_auth_users", support.why_no_users);
  }
  for (const auto& [name, what_for] : support.users_needed) {
    if (config.users.count(name) == 0) root.fault("basic_auth_users", what_for);
  }
  if (auto finished = root.finish(); !finished) return fail(finished.error());
  return config;
}

// Whom the one after would let in that the one before did not; empty: nobody.
std::string opened_door(const WebConfig& before, const WebConfig& after) {
  if (!before.users.empty() && after.users.empty()) {
    return "there are no users any more; a restart lets everybody in";
  }
  if (!before.tls) return "";
  if (!after.tls) return "there is no tls_server_config any more; a restart ends TLS";
  const bool asks_less =
      (before.tls->verifies_clients() && !after.tls->verifies_clients()) ||
      (before.tls->requires_clients() && !after.tls->requires_clients()) ||
      (!before.tls->client_allowed_sans.empty() && after.tls->client_allowed_sans.empty());
  if (asks_less) return "less is asked of clients' certificates; a restart lets them in";
  return "";
}

}  // namespace

WebConfigFile::WebConfigFile(std::string path, WebConfigSupport support)
    : path_(std::move(path)), support_(std::move(support)), file_(SecretSource::file(path_)) {}

Result<std::shared_ptr<WebConfigFile>> WebConfigFile::load(const std::string& path,
                                                           const WebConfigSupport& support) {
  std::shared_ptr<WebConfigFile> file(new WebConfigFile(path, support));
  const MutexLock lock(file->mutex_);
  auto config = file->read();
  if (!config) return fail(config.error());
  file->good_ = std::move(*config);
  return file;
}

Result<std::shared_ptr<const WebConfig>> WebConfigFile::read() {
  auto text = file_.read();
  if (!text) return fail(text.error());
  if (text_.equals(text->reveal())) return parsed_;
  text_ = std::move(*text);
  auto parsed = parse(text_.reveal(), path_, support_);
  if (parsed) {
    parsed_ = std::make_shared<const WebConfig>(std::move(*parsed));
  } else {
    parsed_ = fail(parsed.error());
  }
  return parsed_;
}

Result<std::shared_ptr<const WebConfig>> WebConfigFile::current() {
  const MutexLock lock(mutex_);
  auto config = read();
  if (config) {
    const std::string opened = opened_door(*good_, **config);
    if (!opened.empty()) config = fail(path_ + ": " + opened);
  }
  tell(config ? "" : config.error().message);
  if (config) {
    good_ = *config;
  } else if (keeps_the_last()) {
    return good_;
  }
  return config;
}

bool WebConfigFile::keeps_the_last() const {
  return support_.keeps_the_last || !good_->users.empty() || good_->tls;
}

bool WebConfigFile::is_good() const {
  const MutexLock lock(mutex_);
  return told_problem_.empty();
}

void WebConfigFile::tell(const std::string& problem) {
  if (problem == told_problem_) return;
  if (problem.empty()) {
    log::info("the web configuration can be used again", {{"file", path_}});
  } else if (keeps_the_last()) {
    log::error("the web configuration cannot be used: the one before it stays in force",
               {{"error", problem}});
  } else {
    log::error("the web configuration cannot be used: nobody is let in", {{"error", problem}});
  }
  told_problem_ = problem;
}

}  // namespace backstay
