#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/web_config.h"
#include "receiver/intake/tls_context.h"

namespace backstay::intake {

// The certificates that the web configuration names, as their files are now: a renewed one needs no
// restart. Certificate and key are two files, so that for a moment they may not belong together:
// what cannot be used leaves what was there before in force, and the log is told of that once.
// Thread-safe.
class TlsFiles {
 public:
  // Fails where they cannot be used. A configuration without TLS has none.
  static Result<std::shared_ptr<TlsFiles>> load(std::shared_ptr<WebConfigFile> web_config);

  // For the next connection; null: plain. Files that have changed are read.
  std::shared_ptr<const TlsContext> current() EXCLUDES(mutex_);
  // Whether the last call of current() found them good.
  [[nodiscard]] bool is_good() const EXCLUDES(mutex_);

 private:
  struct Sources {
    SecretSource certificates;
    SecretSource key;
    SecretSource client_authorities;
  };
  explicit TlsFiles(std::shared_ptr<WebConfigFile> web_config)
      : web_config_(std::move(web_config)) {}
  Result<void> look() REQUIRES(mutex_);
  void tell(const std::string& problem) REQUIRES(mutex_);

  const std::shared_ptr<WebConfigFile> web_config_;
  mutable Mutex mutex_;
  std::shared_ptr<const WebConfig> config_ GUARDED_BY(mutex_);  // that the rest was made from
  std::optional<Sources> sources_ GUARDED_BY(mutex_);
  TlsMaterial tried_ GUARDED_BY(mutex_);    // the last that was tried,
  std::string why_not_ GUARDED_BY(mutex_);  // and why it cannot be used; empty: it can
  std::shared_ptr<const TlsContext> good_ GUARDED_BY(mutex_);
  std::string told_problem_ GUARDED_BY(mutex_);
};

}  // namespace backstay::intake
