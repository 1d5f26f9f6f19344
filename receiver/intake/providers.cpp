#include <array>

#include "receiver/intake/alertmanager.h"
#include "receiver/intake/github.h"
#include "receiver/intake/provider.h"
#include "receiver/intake/standard.h"

namespace backstay::intake {
namespace {

template <class T>
std::unique_ptr<Provider> make(const std::vector<SecretSource>& secrets) {
  return std::make_unique<T>(secrets);
}

struct Row {
  const char* name;
  std::unique_ptr<Provider> (*make)(const std::vector<SecretSource>&);
};

// The explicit table of providers.
constexpr std::array<Row, 3> kProviders{{
    {"alertmanager", &make<Alertmanager>},
    {"github", &make<Github>},
    {"standard", &make<Standard>},
}};

}  // namespace

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  for (const Row& row : kProviders) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<Provider>> make_provider(const WebhookConfig& config) {
  for (const Row& row : kProviders) {
    if (config.provider == row.name) return row.make(config.secrets);
  }
  return fail("webhook " + config.name + ": unknown provider " + config.provider);
}

}  // namespace backstay::intake
