#include "receiver/intake/tls_files.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/certificate_authority.h"
#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

constexpr const char* kTls = "tls_server_config: {cert_file: own.crt, key_file: own.key}\n";
constexpr const char* kAsking =
    "tls_server_config: {cert_file: own.crt, key_file: own.key, client_ca_file: ca.crt,\n"
    "  client_auth_type: RequireAndVerifyClientCert}\n";

struct TlsFilesTest : ::testing::Test {
  TlsFilesTest() {
    write("own.crt", own.certificate);
    write("own.key", own.key);
    write("ca.crt", authority.certificate());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  Result<std::shared_ptr<TlsFiles>> load(const std::string& text) const {
    write("web.yml", text);
    auto config = WebConfigFile::load(folder.path("web.yml"), {"", "", true});
    if (!config) return fail(config.error());
    return TlsFiles::load(*config);
  }
  // Why they are refused, without the folder.
  std::string refusal(const std::string& text) const {
    const auto files = load(text);
    if (files) return "accepted";
    const std::string& message = files.error().message;
    return message.substr(message.rfind('/', message.find(": ")) + 1);
  }

  test::TemporaryFolder folder;
  test::CertificateAuthority authority;
  test::CertificateAndKey own = authority.issue("own", "DNS:localhost");
};

TEST_F(TlsFilesTest, WithoutTlsThereAreNone) {
  const auto files = load("# nothing\n");
  ASSERT_TRUE(files);
  EXPECT_EQ((*files)->current(), nullptr);
  EXPECT_TRUE((*files)->is_good());
}

TEST_F(TlsFilesTest, KnowUntilWhenTheCertificateIsValid) {
  own = authority.issue("own", "", 7200);
  write("own.crt", own.certificate);
  write("own.key", own.key);
  const auto files = load(kTls);
  ASSERT_TRUE(files) << files.error().message;
  const auto left = (*files)->current()->expires_at() - SystemClock().now();
  EXPECT_GT(left, std::chrono::seconds(3600));
  EXPECT_LT(left, std::chrono::seconds(7201));
}

TEST_F(TlsFilesTest, WhatCannotBeUsedIsNamedAtTheStart) {
  std::filesystem::remove(folder.path("own.key"));
  EXPECT_EQ(refusal(kTls), "own.key: No such file or directory");
  write("own.key", authority.issue("other", "").key);
  EXPECT_EQ(refusal(kTls), "own.key: does not belong to the certificate");
  write("own.key", "no key");
  EXPECT_EQ(refusal(kTls).rfind("own.key: no private key in PEM", 0), 0u) << refusal(kTls);
  write("own.key", own.key);
  write("own.crt", "no certificate");
  EXPECT_EQ(refusal(kTls).rfind("own.crt: no certificate in PEM", 0), 0u) << refusal(kTls);
  write("own.crt", own.certificate);
  write("ca.crt", own.key);
  EXPECT_EQ(refusal(kAsking).rfind("ca.crt: no certificate in PEM", 0), 0u) << refusal(kAsking);
}

TEST_F(TlsFilesTest, WhatIsUnchangedIsNotMadeAnew) {
  const auto files = load(kAsking);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ((*files)->current(), (*files)->current());
}

TEST_F(TlsFilesTest, ANewSettingIsInForceThoughTheFilesAreTheSame) {
  const auto files = load(kTls);
  ASSERT_TRUE(files);
  const auto before = (*files)->current();
  write("web.yml",
        "tls_server_config: {cert_file: own.crt, key_file: own.key, min_version: TLS13}\n");
  const auto after = (*files)->current();
  EXPECT_NE(after, before);
  EXPECT_EQ((*files)->current(), after) << "made once";
  // And where they cannot be read at that moment, as soon as they can.
  std::filesystem::remove(folder.path("own.key"));
  write("web.yml",
        "tls_server_config: {cert_file: own.crt, key_file: own.key, max_version: TLS12}\n");
  EXPECT_EQ((*files)->current(), after);
  write("own.key", own.key);
  EXPECT_NE((*files)->current(), after);
}

TEST_F(TlsFilesTest, ABadOneLeavesTheOneBeforeUntilItIsMended) {
  const auto files = load(kTls);
  ASSERT_TRUE(files);
  const auto before = (*files)->current();
  for (const std::string text : {"no certificate", ""}) {
    write("own.crt", text);
    EXPECT_EQ((*files)->current(), before);
    EXPECT_FALSE((*files)->is_good());
  }
  std::filesystem::remove(folder.path("own.crt"));
  EXPECT_EQ((*files)->current(), before);
  EXPECT_FALSE((*files)->is_good());
  write("own.crt", own.certificate);
  EXPECT_NE((*files)->current(), nullptr);
  EXPECT_TRUE((*files)->is_good());
}

TEST_F(TlsFilesTest, AConfigurationThatAsksLessOfClientsIsNotFollowed) {
  const auto files = load(kAsking);
  ASSERT_TRUE(files);
  const auto before = (*files)->current();
  for (const char* text : {kTls, "# no TLS\n", "tls_server_config: {cert_file: own.crt"}) {
    write("web.yml", text);
    EXPECT_EQ((*files)->current(), before) << text;
  }
}

}  // namespace
}  // namespace backstay::intake
