#include "receiver/intake/web_access.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

const std::string kUsers =
    "basic_auth_users:\n"
    "  ada: $2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n";

struct WebAccessTest : ::testing::Test {
  void write(const std::string& text) const { std::ofstream(folder.path("web.yml")) << text; }
  // Why it is refused, without the folder.
  std::string refusal(const std::string& text, const std::vector<WebhookConfig>& webhooks) const {
    write(text);
    const auto access = load_web_access(folder.path("web.yml"), webhooks);
    if (access) return "accepted";
    return access.error().message.substr(access.error().message.find("web.yml"));
  }
  static WebhookConfig webhook(const std::string& provider, const std::string& user = "") {
    WebhookConfig config{"am", provider, {}};
    config.basic_auth_user = user;
    return config;
  }
  test::TemporaryFolder folder;
};

TEST_F(WebAccessTest, WithoutAFileEverythingIsOpenAndPlain) {
  const auto access = load_web_access("", {webhook("alertmanager")});
  ASSERT_TRUE(access);
  EXPECT_EQ(access->config, nullptr);
  EXPECT_EQ(access->tls, nullptr);
}

// Both would be in one header: it would fail at the first alert.
TEST_F(WebAccessTest, ABearerTokenAndAPasswordDoNotGoTogether) {
  EXPECT_EQ(
      refusal(kUsers, {webhook("alertmanager")}),
      "web.yml:2: basic_auth_users: the webhook am has its token in the header Authorization, "
      "where no password fits beside it: give it basic_auth_user, or basic_auth: not_asked");
  WebhookConfig generic = webhook("generic");
  generic.generic.header = "authorization";
  EXPECT_NE(refusal(kUsers, {generic}).find("give it basic_auth: not_asked"), std::string::npos);
  generic.generic.header = "x-token";
  EXPECT_EQ(refusal(kUsers, {generic}), "accepted");
  EXPECT_EQ(refusal(kUsers, {webhook("github")}), "accepted") << "its signature has its own header";
  EXPECT_EQ(refusal("# nobody\n", {webhook("alertmanager")}), "accepted");
  EXPECT_NE(refusal(kUsers, {webhook("github"), webhook("alertmanager")}), "accepted");
  WebhookConfig left_out = webhook("alertmanager");
  left_out.asks_basic_auth = false;
  EXPECT_EQ(refusal(kUsers, {left_out}), "accepted");
}

// The first users, while it runs: the webhook goes on working, and the operator hears of it now.
TEST_F(WebAccessTest, UsersThatWouldShutAWebhookOutAreRefusedLaterToo) {
  write("# nobody yet\n");
  const auto access = load_web_access(folder.path("web.yml"), {webhook("alertmanager")});
  ASSERT_TRUE(access);
  write(kUsers);
  const auto config = access->config->current();
  ASSERT_TRUE(config) << "the last good one";
  EXPECT_TRUE((*config)->users.empty());
  EXPECT_FALSE(access->config->is_good());
}

TEST_F(WebAccessTest, WhoIsProvenByAPasswordNeedsAUser) {
  EXPECT_EQ(refusal(kUsers, {webhook("alertmanager", "ada")}), "accepted");
  EXPECT_EQ(refusal(kUsers, {webhook("alertmanager", "eve")}),
            "web.yml:2: basic_auth_users: the webhook am is proven by the password of eve, who is "
            "not among them");
  EXPECT_NE(refusal(kUsers, {webhook("github"), webhook("alertmanager", "eve")}), "accepted");
  const auto access = load_web_access("", {webhook("alertmanager", "ada")});
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().message,
            "the webhook am is proven by the password of ada: give --web.config.file, with that "
            "user");
}

// A user taken out while it runs would have every alert refused from then on.
TEST_F(WebAccessTest, AUserWhoIsNeededCannotBeTakenOut) {
  write(kUsers);
  const auto access = load_web_access(folder.path("web.yml"), {webhook("alertmanager", "ada")});
  ASSERT_TRUE(access) << access.error().message;
  for (const std::string& without : {"basic_auth_users:\n  eve" + kUsers.substr(kUsers.find(": $")),
                                     std::string("# nobody\n")}) {
    write(without);
    const auto config = access->config->current();
    ASSERT_TRUE(config);
    EXPECT_EQ((*config)->users.count("ada"), 1u) << "the last good one";
    EXPECT_FALSE(access->config->is_good()) << without;
  }
  write(kUsers + kUsers.substr(kUsers.find('\n') + 1).replace(2, 3, "eve"));
  ASSERT_TRUE(access->config->current());
  EXPECT_EQ((*access->config->current())->users.size(), 2u) << "others come and go";
  EXPECT_TRUE(access->config->is_good());
}

TEST_F(WebAccessTest, WithoutAnyUsersTheOneWhoIsNeededIsNamedToo) {
  EXPECT_NE(refusal("# nobody\n", {webhook("alertmanager", "ada")}).find("the password of ada"),
            std::string::npos);
}

}  // namespace
}  // namespace backstay::intake
