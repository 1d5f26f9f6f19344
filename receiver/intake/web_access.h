#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/web_config.h"
#include "receiver/intake/provider.h"
#include "receiver/intake/tls_files.h"

namespace backstay::intake {

// How the receiver is spoken to, from the file behind --web.config.file.
struct WebAccess {
  std::shared_ptr<WebConfigFile> config = nullptr;  // none: plain, and no password
  std::shared_ptr<TlsFiles> tls = nullptr;
  std::set<std::string> open_paths = {};  // of the webhooks that no password is asked for
};

// Reads the file and the certificates it names, and sees that every webhook can still prove itself:
// a header Authorization has a password or a token, never both, and whoever is proven by a password
// is among the users. A file of which that is not true is refused at the start, and later the one
// before it stays in force. `path` empty: there is none.
Result<WebAccess> load_web_access(const std::string& path,
                                  const std::vector<WebhookConfig>& webhooks);

}  // namespace backstay::intake
