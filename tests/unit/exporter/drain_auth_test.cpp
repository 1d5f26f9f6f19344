#include "exporter/sources/drain_auth.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

using Headers = std::map<std::string, std::string>;

SecretSource secret(const std::string& value) { return SecretSource::literal(Secret(value)); }

bool is_admitted(const DrainCredentials& credentials, const Headers& headers,
                 const std::string& query = "") {
  const auto admission = admit(credentials, {"POST", "/drains/app", query, headers});
  return admission && *admission == Admission::accepted;
}

bool is_signed(const DrainCredentials& credentials, const std::string& signature,
               const std::vector<std::string>& parts) {
  auto body = BodySignature::of(credentials, {"POST", "", "", {{"x-signature", signature}}});
  if (!body || *body == nullptr) return false;
  for (const std::string& part : parts) (*body)->add(part);
  return (*body)->matches();
}

TEST(DrainToken, ComesInWhateverTheProviderCanSet) {
  const DrainCredentials token = DrainToken{secret("s3cret"), "x-drain-key"};
  EXPECT_TRUE(is_admitted(token, {{"authorization", "Bearer s3cret"}}));
  EXPECT_TRUE(is_admitted(token, {{"authorization", "bearer  s3cret"}}));
  EXPECT_TRUE(is_admitted(token, {{"x-drain-key", "s3cret"}}));
  EXPECT_TRUE(is_admitted(token, {}, "a=b&token=s3cret"));
}

TEST(DrainToken, AnythingElseIsRefused) {
  const DrainCredentials token = DrainToken{secret("s3cret"), ""};
  EXPECT_FALSE(is_admitted(token, {}));
  EXPECT_FALSE(is_admitted(token, {{"authorization", "Bearer s3cret2"}}));
  EXPECT_FALSE(is_admitted(token, {{"authorization", "Bearer"}}));
  EXPECT_FALSE(is_admitted(token, {{"authorization", "Basic s3cret"}}));
  EXPECT_FALSE(is_admitted(token, {{"authorization", "s3cret"}}));
  EXPECT_FALSE(is_admitted(token, {{"", "s3cret"}})) << "no header is configured";
  EXPECT_FALSE(is_admitted(token, {}, "token=&key=s3cret"));
}

// https://www.rfc-editor.org/rfc/rfc7617#section-2 has this pair.
TEST(DrainBasic, IsTheNameAndThePasswordTogether) {
  const DrainCredentials basic = DrainBasic{"Aladdin", secret("open sesame")};
  EXPECT_TRUE(is_admitted(basic, {{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}));
  EXPECT_FALSE(is_admitted(basic, {{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ="}}));
  EXPECT_FALSE(is_admitted(basic, {{"authorization", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}));
  EXPECT_FALSE(is_admitted(basic, {}));
}

// GitHub's published example: secret "It's a Secret to Everybody", body "Hello, World!".
TEST(DrainSignatureTest, IsOverTheBodyHoweverItComesIn) {
  const DrainCredentials signature = DrainSignature{
      "x-signature", DrainSignature::Algorithm::hmac_sha256, secret("It's a Secret to Everybody")};
  const std::string right = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_TRUE(is_signed(signature, right, {"Hello, World!"}));
  EXPECT_TRUE(is_signed(signature, "sha256=" + right, {"Hello", "", ", World!"}));
  EXPECT_TRUE(is_signed(signature, "757107EA" + right.substr(8), {"Hello, World!"}));
  EXPECT_FALSE(is_signed(signature, right, {"Hello, World"}));
  EXPECT_FALSE(is_signed(signature, right.substr(0, 63), {"Hello, World!"}));
  EXPECT_FALSE(is_signed(signature, "", {"Hello, World!"}));
}

TEST(DrainSignatureTest, WithoutTheHeaderTheBodyIsNotEvenRead) {
  const DrainCredentials signature =
      DrainSignature{"x-signature", DrainSignature::Algorithm::hmac_sha1, secret("s3cret")};
  EXPECT_FALSE(is_admitted(signature, {}));
  EXPECT_TRUE(is_admitted(signature, {{"x-signature", "anything"}}));
}

// RFC 2202, case 2.
TEST(DrainSignatureTest, MayBeSha1) {
  const DrainCredentials signature =
      DrainSignature{"x-signature", DrainSignature::Algorithm::hmac_sha1, secret("Jefe")};
  EXPECT_TRUE(is_signed(signature, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
                        {"what do ya want for nothing?"}));
}

TEST(DrainSignatureTest, OfAnotherKindOfCredentialsThereIsNone) {
  const auto none = BodySignature::of(DrainToken{secret("s3cret"), ""}, {});
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

TEST(DrainSecret, ThatCannotBeReadIsAnErrorAndNoAdmission) {
  const test::TemporaryFolder folder;
  const SecretSource missing = SecretSource::file(folder.path("none"));
  EXPECT_FALSE(admit(DrainToken{missing, ""}, {}));
  EXPECT_FALSE(admit(DrainBasic{"a", missing}, {}));
  const DrainSignature signature{"x-signature", DrainSignature::Algorithm::hmac_sha256, missing};
  EXPECT_FALSE(BodySignature::of(signature, {}));
}

}  // namespace
}  // namespace backstay::sources
