#include "base/web_config.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/bcrypt.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

constexpr const char* kHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const std::string kUser = std::string("basic_auth_users: {bob: ") + kHash + "}\n";

struct WebConfigTest : ::testing::Test {
  void write(const std::string& text) const { std::ofstream(folder.path("web.yml")) << text; }
  [[nodiscard]] std::shared_ptr<WebConfigFile> load(const std::string& text) const {
    write(text);
    auto file = WebConfigFile::load(folder.path("web.yml"), "there is no TLS");
    if (!file) throw std::runtime_error(file.error().message);
    return *file;
  }
  // Why it is refused, without the file's folder.
  [[nodiscard]] std::string refusal(const std::string& text) const {
    write(text);
    const auto file = WebConfigFile::load(folder.path("web.yml"), "there is no TLS");
    if (file) return "accepted";
    const std::string& message = file.error().message;
    return message.substr(message.find("web.yml"));
  }
  test::TemporaryFolder folder;
};

TEST_F(WebConfigTest, UsersAndHeaders) {
  const auto file = load(kUser +
                         "http_server_config:\n  http2: false\n  headers:\n"
                         "    Strict-Transport-Security: max-age=31536000\n"
                         "    X-Frame-Options: deny\n");
  const auto config = file->current();
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ((*config)->users.size(), 1U);
  EXPECT_TRUE(bcrypt_matches(Secret("U*U"), (*config)->users.at("bob")));
  EXPECT_EQ((*config)->headers,
            (std::map<std::string, std::string>{{"Strict-Transport-Security", "max-age=31536000"},
                                                {"X-Frame-Options", "deny"}}));
}

TEST_F(WebConfigTest, NothingButCommentsIsAConfiguration) {
  const auto config = load("# nobody yet\n")->current();
  ASSERT_TRUE(config);
  EXPECT_TRUE((*config)->users.empty());
}

// An editor that writes in place leaves it empty for a moment: that must not open the door.
TEST_F(WebConfigTest, AnEmptyFileIsRefused) {
  EXPECT_EQ(refusal(""), "web.yml: the file is empty");
}

TEST_F(WebConfigTest, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_EQ(refusal("basic_auth_user: {a: b}\n"),
            "web.yml:1: basic_auth_user: unknown key (did you mean basic_auth_users?)");
  EXPECT_EQ(refusal("http_server_config:\n  headers: {Server: x}\n"),
            "web.yml:2: http_server_config.headers.Server: this header cannot be set");
  EXPECT_EQ(
      refusal("http_server_config: {headers: {X-Frame-Options: maybe}}\n"),
      "web.yml:1: http_server_config.headers.X-Frame-Options: this header cannot have this value");
  EXPECT_EQ(
      refusal("http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"}}\n"),
      "web.yml:1: http_server_config.headers.X-XSS-Protection: expected printable ASCII");
  EXPECT_EQ(refusal("http_server_config: {http2: often}\n"),
            "web.yml:1: http_server_config.http2: expected true or false");
  EXPECT_EQ(refusal("rate_limit: {interval: 1s, burst: 1}\n"),
            "web.yml:1: rate_limit: is not supported");
  EXPECT_EQ(refusal("a: [\n").rfind("web.yml:", 0), 0U);
}

TEST_F(WebConfigTest, TlsIsRefusedWithTheReasonGiven) {
  EXPECT_EQ(refusal("tls_server_config: {cert_file: a.crt, key_file: a.key}\n"),
            "web.yml:1: tls_server_config: there is no TLS");
}

TEST_F(WebConfigTest, AUserNeedsABcryptHashWhichIsNotRepeated) {
  for (const char* value :
       {"hunter2", "\"\"", "$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}) {
    const std::string message = refusal("basic_auth_users:\n  bob: " + std::string(value) + "\n");
    EXPECT_NE(message.find("web.yml:2: basic_auth_users.bob: expected a bcrypt hash"),
              std::string::npos)
        << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    EXPECT_EQ(message.find("yOeW"), std::string::npos) << message;
  }
  EXPECT_NE(refusal("basic_auth_users: {\"a:b\": " + std::string(kHash) + "}\n").find("colon"),
            std::string::npos);
}

TEST_F(WebConfigTest, AFileThatIsNotThereIsRefused) {
  const auto file = WebConfigFile::load(folder.path("nowhere.yml"), "");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("nowhere.yml"), std::string::npos);
}

TEST_F(WebConfigTest, IsReadAgainWhenItChanges) {
  const auto file = load(kUser);
  EXPECT_EQ((*file->current())->users.count("bob"), 1U);
  write("basic_auth_users: {eve: " + std::string(kHash) + "}\n");
  EXPECT_EQ((*file->current())->users.count("bob"), 0U);
  EXPECT_EQ((*file->current())->users.count("eve"), 1U);
}

// It may be half written, or half taken away: with users once, never without any.
TEST_F(WebConfigTest, OneThatIsEmptyBadOrWithoutUsersLeavesTheUsersThatThereWere) {
  const auto file = load(kUser);
  for (const char* text :
       {"", "# nobody\n", "http_server_config: {http2: false}\n", "basic_auth_users:\n",
        "basic_auth_users: {}\n", "basic_auth_users: {bob: no hash}\n",
        "basic_auth_users: {bob: \"$2a$"}) {
    for (int i = 0; i < 2; ++i) {
      write(text);
      const auto config = file->current();
      ASSERT_TRUE(config) << text;
      EXPECT_EQ((*config)->users.count("bob"), 1U) << text;
    }
  }
  std::filesystem::remove(folder.path("web.yml"));
  ASSERT_TRUE(file->current());
  EXPECT_EQ((*file->current())->users.count("bob"), 1U);
  write("basic_auth_users: {eve: " + std::string(kHash) + "}\n");
  EXPECT_EQ((*file->current())->users.count("bob"), 0U);
  EXPECT_EQ((*file->current())->users.count("eve"), 1U);
}

// It may have been about to get its first users.
TEST_F(WebConfigTest, WithoutUsersBeforeABadOneIsAnErrorUntilItIsMended) {
  const auto file = load("# nobody yet\n");
  for (int i = 0; i < 3; ++i) {
    write("basic_auth_users: {bob: no hash}\n");
    EXPECT_FALSE(file->current());
    EXPECT_FALSE(file->current());  // unchanged, and still bad
    std::filesystem::remove(folder.path("web.yml"));
    EXPECT_FALSE(file->current());
    write("# nobody yet\n");
    EXPECT_TRUE(file->current());
  }
}

TEST_F(WebConfigTest, WhatIsUnchangedIsNotReadAnew) {
  const auto file = load(kUser);
  EXPECT_EQ(*file->current(), *file->current());
}

}  // namespace
}  // namespace backstay
