#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/tls_server_config.h"

namespace backstay {

struct WebConfig {
  std::map<std::string, std::string> headers;  // for every answer
  std::map<std::string, Secret> users;         // name → bcrypt hash; none: everybody may read
  std::optional<TlsServerConfig> tls = {};     // none: plain
};

// What of the file a daemon can do.
struct WebConfigSupport {
  std::string why_no_tls;         // what tls_server_config is refused with; empty: it may be there
  std::string why_no_users = {};  // and basic_auth_users
  // A file that went bad leaves the last good one in force, whatever that one said.
  bool keeps_the_last = false;
  // Users without whom it cannot be used: name → what is told where he is missing.
  std::map<std::string, std::string> users_needed = {};
};

// The file behind --web.config.file, in the format of every Prometheus exporter: basic_auth_users,
// http_server_config and tls_server_config. Read strictly; what is wrong is named with its line,
// and a hash is never in a message. Thread-safe.
// https://prometheus.io/docs/prometheus/latest/configuration/https/
class WebConfigFile {
 public:
  // Fails where the file cannot be read or used.
  static Result<std::shared_ptr<WebConfigFile>> load(const std::string& path,
                                                     const WebConfigSupport& support);

  // As the file says now: it is read anew when it has changed. Whoever writes it in place leaves it
  // empty or half for a moment, and the half without the users would let everybody in. So once
  // there were users, one that is bad or has none leaves the last good one in force; a door is
  // opened by a restart alone. So it is with TLS, and with what is asked of clients' certificates.
  // Before that a bad one is an error until it is mended (unless the support says otherwise): it
  // may be about to get its first users. The log is told about each change once.
  Result<std::shared_ptr<const WebConfig>> current() EXCLUDES(mutex_);
  // Whether the last call of current() found the file good.
  [[nodiscard]] bool is_good() const EXCLUDES(mutex_);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  WebConfigFile(std::string path, WebConfigSupport support);
  Result<std::shared_ptr<const WebConfig>> read() REQUIRES(mutex_);
  void tell(const std::string& problem) REQUIRES(mutex_);
  [[nodiscard]] bool keeps_the_last() const REQUIRES(mutex_);

  const std::string path_;
  const WebConfigSupport support_;
  const SecretSource file_;
  mutable Mutex mutex_;
  Secret text_ GUARDED_BY(mutex_);
  Result<std::shared_ptr<const WebConfig>> parsed_ GUARDED_BY(mutex_);  // of text_
  std::shared_ptr<const WebConfig> good_ GUARDED_BY(mutex_);  // the last that could be used
  std::string told_problem_ GUARDED_BY(mutex_);               // what the log knows; empty: none
};

}  // namespace backstay
