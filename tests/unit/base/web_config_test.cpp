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
    auto file = WebConfigFile::load(folder.path("web.yml"), {"there is no TLS"});
    if (!file) throw std::runtime_error(file.error().message);
    return *file;
  }
  // Why it is refused, without the file's folder.
  [[nodiscard]] std::string refusal(const std::string& text) const {
    write(text);
    const auto file = WebConfigFile::load(folder.path("web.yml"), {"there is no TLS"});
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
  const auto file = WebConfigFile::load(folder.path("nowhere.yml"), {""});
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

// A server that can do TLS.
struct TlsConfigTest : WebConfigTest {
  [[nodiscard]] Result<std::shared_ptr<WebConfigFile>> load_tls(const std::string& text) const {
    write(text);
    return WebConfigFile::load(folder.path("web.yml"), {""});
  }
  [[nodiscard]] TlsServerConfig tls(const std::string& text) const {
    const auto file = load_tls(text);
    if (!file) throw std::runtime_error(file.error().message);
    return (*file)->current().value()->tls.value();
  }
  // Why it is refused, without the file's folder and the section's name.
  [[nodiscard]] std::string fault(const std::string& more) const {
    const auto file =
        load_tls("tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n" + more);
    if (file) return "accepted";
    return file.error().message.substr(file.error().message.find("web.yml"));
  }
};

TEST_F(TlsConfigTest, TheSmallestHasSafeDefaults) {
  const TlsServerConfig config = tls("tls_server_config: {cert_file: a.crt, key_file: /b/a.key}\n");
  EXPECT_EQ(config.cert_file, folder.path("a.crt")) << "relative to the file's own folder";
  EXPECT_EQ(config.key_file, "/b/a.key");
  EXPECT_EQ(config.client_auth, ClientAuth::none);
  EXPECT_TRUE(config.takes_tls12 && config.takes_tls13 && config.prefers_its_own_ciphers);
  EXPECT_EQ(config.ciphers + config.ciphersuites + config.groups, "");
}

TEST_F(TlsConfigTest, EveryKeyIsRead) {
  const TlsServerConfig config =
      tls("tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"
          "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
          "  client_allowed_sans: [am.example.com]\n  min_version: TLS13\n  max_version: TLS13\n"
          "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256,\n"
          "    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n"
          "  prefer_server_cipher_suites: false\n  curve_preferences: [X25519, CurveP256]\n"
          "http_server_config: {http2: false}\n");
  EXPECT_EQ(config.client_auth, ClientAuth::require_and_verify);
  EXPECT_EQ(config.client_ca_file, folder.path("ca.crt"));
  EXPECT_EQ(config.client_allowed_sans, std::vector<std::string>{"am.example.com"});
  EXPECT_FALSE(config.takes_tls12);
  EXPECT_EQ(config.ciphers, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305");
  EXPECT_EQ(config.ciphersuites, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(config.groups, "X25519:P-256");
  EXPECT_FALSE(config.prefers_its_own_ciphers);
}

TEST_F(TlsConfigTest, WhatCannotBeDoneIsNamed) {
  EXPECT_EQ(fault("  cert: |\n    -----BEGIN\n"),
            "web.yml:4: tls_server_config.cert: is not supported here: give cert_file");
  EXPECT_EQ(fault("  min_version: TLS10\n"),
            "web.yml:4: tls_server_config.min_version: \"TLS10\" is none of: TLS12, TLS13");
  EXPECT_EQ(fault("  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n"),
            "web.yml:4: tls_server_config.cipher_suites: \"TLS_RSA_WITH_RC4_128_SHA\" is not "
            "supported");
  EXPECT_EQ(fault("  curve_preferences: [CurveX]\n"),
            "web.yml:4: tls_server_config.curve_preferences: \"CurveX\" is not supported");
  EXPECT_EQ(fault("http_server_config: {http2: true}\n"),
            "web.yml:4: http_server_config.http2: is not supported: say false, or leave it out");
  EXPECT_EQ(fault("  client_auth: RequireAnyClientCert\n"),
            "web.yml:4: tls_server_config.client_auth: unknown key");
}

TEST_F(TlsConfigTest, WhatWouldProveNothingIsRefused) {
  EXPECT_EQ(fault("  client_auth_type: RequireAndVerifyClientCert\n"),
            "web.yml:4: tls_server_config.client_auth_type: needs client_ca_file: who may have "
            "signed the certificates");
  EXPECT_EQ(fault("  client_ca_file: ca.crt\n"),
            "web.yml:4: tls_server_config.client_ca_file: but client_auth_type verifies no "
            "certificate");
  EXPECT_EQ(fault("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n"),
            "web.yml:5: tls_server_config.client_allowed_sans: but client_auth_type verifies no "
            "certificate");
  EXPECT_EQ(fault("  min_version: TLS13\n  max_version: TLS12\n"),
            "web.yml:5: tls_server_config.max_version: is below min_version");
  const auto file = load_tls("tls_server_config: {cert_file: a.crt}\n");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("key_file is missing"), std::string::npos);
}

// As with the users: a door is opened by a restart alone.
TEST_F(TlsConfigTest, OnceThereItStays) {
  const std::string asking =
      "tls_server_config: {cert_file: a.crt, key_file: a.key, client_ca_file: ca.crt,\n"
      "  client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [am]}\n";
  const auto file = load_tls(asking);
  ASSERT_TRUE(file) << file.error().message;
  for (const char* text :
       {"# nothing\n", "tls_server_config: {cert_file: a.crt, key_file: a.key}\n",
        "tls_server_config: {cert_file: a.crt, key_file: a.key, client_ca_file: ca.crt,\n"
        "  client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [am]}\n",
        "tls_server_config: {cert_file: a.crt, key_file: a.key, client_ca_file: ca.crt,\n"
        "  client_auth_type: RequireAndVerifyClientCert}\n"}) {
    write(text);
    const auto config = (*file)->current();
    ASSERT_TRUE(config) << text;
    EXPECT_EQ((*config)->tls->client_allowed_sans.size(), 1U) << text;
    EXPECT_FALSE((*file)->is_good()) << text;
  }
  write(asking);
  EXPECT_TRUE((*file)->current());
  EXPECT_TRUE((*file)->is_good());
}

}  // namespace
}  // namespace backstay
