#include "receiver/intake/tls_context.h"

#include <gtest/gtest.h>

#include "tests/certificate_authority.h"

namespace backstay::intake {
namespace {

struct TlsContextTest : ::testing::Test {
  TlsContextTest() {
    config.cert_file = "own.crt";
    config.key_file = "own.key";
    config.client_ca_file = "ca.crt";
  }
  // Why it cannot be made; empty where it can.
  std::string problem(const std::string& certificates, const std::string& key,
                      const std::string& authorities = "") {
    const auto made =
        TlsContext::make(config, {Secret(certificates), Secret(key), Secret(authorities)});
    return made ? "" : made.error().message;
  }

  TlsServerConfig config;
  test::CertificateAuthority authority;
  test::CertificateAndKey own = authority.issue("own", "DNS:localhost");
  test::CertificateAndKey other = authority.issue("other", "DNS:localhost");
};

TEST_F(TlsContextTest, IsMadeOfACertificateItsChainAndItsKey) {
  EXPECT_EQ(problem(own.certificate + authority.certificate(), own.key), "");
}

TEST_F(TlsContextTest, NamesTheFileThatIsOfNoUse) {
  EXPECT_EQ(problem("", own.key).substr(0, 34), "own.crt: no certificate in PEM: no");
  EXPECT_EQ(problem(own.key, own.key).substr(0, 8), "own.crt:");
  EXPECT_EQ(problem(own.certificate, "garbage").substr(0, 30), "own.key: no private key in PEM");
  EXPECT_EQ(problem(own.certificate, other.key), "own.key: does not belong to the certificate");
}

TEST_F(TlsContextTest, NeverQuotesAKey) {
  EXPECT_EQ(problem(own.certificate, other.key).find("PRIVATE"), std::string::npos);
}

TEST_F(TlsContextTest, WantsAnAuthorityOnlyWhereClientsAreVerified) {
  config.client_auth = ClientAuth::require_any;
  EXPECT_EQ(problem(own.certificate, own.key), "");
  config.client_auth = ClientAuth::require_and_verify;
  EXPECT_EQ(problem(own.certificate, own.key).substr(0, 7), "ca.crt:");
  EXPECT_EQ(problem(own.certificate, own.key, authority.certificate()), "");
}

TEST_F(TlsContextTest, KeepsWhoseNamesAreTaken) {
  config.client_allowed_sans = {"prometheus.example.com"};
  const auto made =
      TlsContext::make(config, {Secret(own.certificate), Secret(own.key), Secret("")});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->allowed_sans(), config.client_allowed_sans);
}

}  // namespace
}  // namespace backstay::intake
