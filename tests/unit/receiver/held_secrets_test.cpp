#include "receiver/held_secrets.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

constexpr const char* kConfig = R"(service: shop
database: {url_file: db_url}
prometheus: {url: "http://127.0.0.1:9090"}
webhooks:
  - {name: am, provider: alertmanager, bearer_token_file: am}
  - {name: github, provider: github, secret_files: [now, before]}
  - {name: ci, provider: standard, secret_file: standard}
deploy:
  deploy: [./deploy]
  switch: [./switch]
  current: [./current]
  list: [./list]
  health_url: http://127.0.0.1:8080/health
  version_url: http://127.0.0.1:8080/version
notify:
  - {channel: slack, url_file: slack}
  - {channel: email, host: localhost, user: backstay, password_file: mail, from: a@example.com, to: [b@example.com]}
)";

struct HeldSecretsTest : ::testing::Test {
  HeldSecretsTest() {
    write("db_url", "postgresql://me:of%40database@127.0.0.1/shop");
    for (const char* name : {"am", "now", "before", "mail"}) write(name, std::string("of ") + name);
    write("standard", "whsec_b2Ygc3RhbmRhcmQ=");
    write("slack", "https://hooks.example.com/services/T0/B0/the-end-of-slack");
    write("receiver.yml", kConfig);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  static bool has(const std::vector<Secret>& secrets, const std::string& value) {
    return std::any_of(secrets.begin(), secrets.end(),
                       [&](const Secret& secret) { return secret.equals(value); });
  }
  test::TemporaryFolder folder;
};

TEST_F(HeldSecretsTest, AreAllThatTheConfigurationNamesAndWhatIsOneInThem) {
  const auto config = load_receiver_config(folder.path("receiver.yml"));
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<Secret> secrets = held_secrets(*config);
  for (const char* value :
       {"of am", "of now", "of before", "of mail", "whsec_b2Ygc3RhbmRhcmQ=", "b2Ygc3RhbmRhcmQ=",
        "postgresql://me:of%40database@127.0.0.1/shop", "of@database",
        "https://hooks.example.com/services/T0/B0/the-end-of-slack", "the-end-of-slack"}) {
    EXPECT_TRUE(has(secrets, value)) << value;
  }
  EXPECT_EQ(secrets.size(), 10U);
}

// Or each error that has the word in it loses it.
TEST_F(HeldSecretsTest, AWordAtTheEndOfAnAddressIsNone) {
  write("slack", "https://chat.example.com/hooks/deploy");
  write("standard", "whsec_release");
  write("mail", "weak");
  const auto config = load_receiver_config(folder.path("receiver.yml"));
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<Secret> secrets = held_secrets(*config);
  EXPECT_FALSE(has(secrets, "deploy"));
  EXPECT_FALSE(has(secrets, "release"));
  for (const char* whole : {"https://chat.example.com/hooks/deploy", "whsec_release", "weak"}) {
    EXPECT_TRUE(has(secrets, whole)) << whole;
  }
}

TEST_F(HeldSecretsTest, AreReadAnewAndOneThatIsGoneCostsNoOther) {
  const auto config = load_receiver_config(folder.path("receiver.yml"));
  ASSERT_TRUE(config) << config.error().message;
  write("am", "of tomorrow");
  write("db_url", "");
  const std::vector<Secret> secrets = held_secrets(*config);
  EXPECT_TRUE(has(secrets, "of tomorrow"));
  EXPECT_FALSE(has(secrets, "of am"));
  EXPECT_TRUE(has(secrets, "the-end-of-slack"));
}

}  // namespace
}  // namespace backstay
