#include <algorithm>

#include <gtest/gtest.h>

#include "receiver/intake/provider.h"

namespace backstay::intake {
namespace {

WebhookConfig webhook(const std::string& provider) {
  WebhookConfig config;
  config.name = "ci";
  config.provider = provider;
  config.secrets = {SecretSource::literal(Secret("secret"))};
  config.generic.header = "x-token";
  return config;
}

TEST(Providers, EachNameOfTheTableCanBeMade) {
  const auto names = provider_names();
  EXPECT_EQ(names, (std::vector<std::string>{"alertmanager", "github", "gitlab", "netlify",
                                             "cloudflare", "standard", "generic"}));
  for (const std::string& name : names) EXPECT_TRUE(make_provider(webhook(name))) << name;
}

TEST(Providers, EachLetsNobodyInWithoutCredentials) {
  for (const std::string& name : provider_names()) {
    const auto provider = make_provider(webhook(name));
    ASSERT_TRUE(provider);
    EXPECT_EQ((*provider)->authenticate({{}, "{}", WallTime()}), AuthFailure::no_credentials)
        << name;
  }
}

TEST(Providers, AnUnknownOneIsNamedWithItsWebhook) {
  const auto provider = make_provider(webhook("gitlub"));
  ASSERT_FALSE(provider);
  EXPECT_EQ(provider.error().message, "webhook ci: unknown provider gitlub");
}

TEST(Providers, AnEmptyHeaderIsNoHeader) {
  const Delivery delivery{{{"authorization", ""}, {"x-github-event", "push"}}, "", WallTime()};
  EXPECT_FALSE(delivery.header("authorization"));
  EXPECT_FALSE(delivery.header("x-hub-signature-256"));
  EXPECT_EQ(delivery.header("x-github-event"), "push");
}

}  // namespace
}  // namespace backstay::intake
