#include <array>

#include "receiver/intake/alertmanager.h"
#include "receiver/intake/cloudflare.h"
#include "receiver/intake/generic.h"
#include "receiver/intake/github.h"
#include "receiver/intake/gitlab.h"
#include "receiver/intake/netlify.h"
#include "receiver/intake/provider.h"
#include "receiver/intake/standard.h"

namespace backstay::intake {
namespace {

template <class T>
std::unique_ptr<Provider> make(const WebhookConfig& config) {
  return std::make_unique<T>(config.secrets);
}

std::unique_ptr<Provider> make_alertmanager(const WebhookConfig& config) {
  return std::make_unique<Alertmanager>(config.secrets, config.basic_auth_user);
}

std::unique_ptr<Provider> make_github(const WebhookConfig& config) {
  return std::make_unique<Github>(config.secrets, config.workflows);
}

std::unique_ptr<Provider> make_generic(const WebhookConfig& config) {
  return std::make_unique<Generic>(config.secrets, config.generic);
}

struct Row {
  const char* name;
  std::unique_ptr<Provider> (*make)(const WebhookConfig&);
};

// The explicit table of providers.
constexpr std::array<Row, 7> kProviders{{
    {"alertmanager", &make_alertmanager},
    {"github", &make_github},
    {"gitlab", &make<Gitlab>},
    {"netlify", &make<Netlify>},
    {"cloudflare", &make<Cloudflare>},
    {"standard", &make<Standard>},
    {"generic", &make_generic},
}};

}  // namespace

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  for (const Row& row : kProviders) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<Provider>> make_provider(const WebhookConfig& config) {
  for (const Row& row : kProviders) {
    if (config.provider == row.name) return row.make(config);
  }
  return fail("webhook " + config.name + ": unknown provider " + config.provider);
}

}  // namespace backstay::intake
