#include "receiver/intake/signatures.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

const WallTime kSentAt{std::chrono::seconds(1'614'265'330)};

std::vector<SecretSource> secrets(const std::vector<std::string>& values) {
  std::vector<SecretSource> sources;
  for (const std::string& value : values) sources.push_back(SecretSource::literal(Secret(value)));
  return sources;
}

// What GitHub's documentation gives as an example.
struct GithubSignature : ::testing::Test {
  Delivery signed_with(const std::string& signature) const {
    return {{{"x-hub-signature-256", signature}}, "Hello, World!", kSentAt};
  }
  const std::string secret = "It's a Secret to Everybody";
  const std::string digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
};

// What the Standard Webhooks specification gives as an example.
struct StandardSignature : ::testing::Test {
  StandardSignature() {
    delivery.headers = {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                        {"webhook-timestamp", "1614265330"},
                        {"webhook-signature", signature}};
    delivery.body = R"({"test": 2432232314})";
    delivery.received_at = kSentAt;
  }
  std::optional<AuthFailure> check(const std::vector<std::string>& values) const {
    return check_standard(delivery, secrets(values));
  }
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const std::string signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  Delivery delivery;
};

Delivery bearer(const std::string& header) { return {{{"authorization", header}}, "", kSentAt}; }

TEST(Hmac, IsThatOfRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, OfAnEmptyMessageAndKeyIsThereToo) {
  EXPECT_EQ(to_hex(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Base64, IsThatOfRfc4648BothWays) {
  const std::vector<std::pair<std::string, std::string>> vectors = {
      {"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(to_base64(""), "");
}

TEST(Base64, KeepsZeroBytes) {
  const std::string bytes("\0\0\xff\0", 4);
  EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"", "Zg=", "Zg", "Z", "!!!!", "Zm9v!"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Hex, IsLowerCaseWithBothDigits) {
  EXPECT_EQ(to_hex(std::string("\x00\x0f\xf0\xff", 4)), "000ff0ff");
}

TEST(Bearer, TheTokenIsLetIn) {
  EXPECT_FALSE(check_bearer(bearer("Bearer token"), secrets({"token"})));
}

TEST(Bearer, EitherOfTwoSecretsIsLetIn) {
  EXPECT_FALSE(check_bearer(bearer("Bearer old"), secrets({"new", "old"})));
  EXPECT_FALSE(check_bearer(bearer("Bearer new"), secrets({"new", "old"})));
  EXPECT_EQ(check_bearer(bearer("Bearer older"), secrets({"new", "old"})), AuthFailure::wrong);
}

TEST(Bearer, WrongMissingAndMalformedAreToldApart) {
  EXPECT_EQ(check_bearer(bearer("Bearer toke"), secrets({"token"})), AuthFailure::wrong);
  EXPECT_EQ(check_bearer(bearer("Bearer tokens"), secrets({"token"})), AuthFailure::wrong);
  EXPECT_EQ(check_bearer(bearer(""), secrets({"token"})), AuthFailure::no_credentials);
  EXPECT_EQ(check_bearer(bearer("Basic dTpw"), secrets({"token"})), AuthFailure::malformed);
  EXPECT_EQ(check_bearer(bearer("Bearer "), secrets({"token"})), AuthFailure::malformed);
}

TEST_F(GithubSignature, ThePublishedExampleIsGenuine) {
  EXPECT_FALSE(check_github(signed_with("sha256=" + digest), secrets({secret})));
}

TEST_F(GithubSignature, EitherOfTwoSecretsIsEnough) {
  EXPECT_FALSE(check_github(signed_with("sha256=" + digest), secrets({"the new one", secret})));
  EXPECT_FALSE(check_github(signed_with("sha256=" + digest), secrets({secret, "the old one"})));
}

TEST_F(GithubSignature, AnotherSecretOrAnotherBodyIsWrong) {
  EXPECT_EQ(check_github(signed_with("sha256=" + digest), secrets({"guess"})), AuthFailure::wrong);
  Delivery delivery = signed_with("sha256=" + digest);
  delivery.body = "Hello, World?";
  EXPECT_EQ(check_github(delivery, secrets({secret})), AuthFailure::wrong);
}

TEST_F(GithubSignature, MissingAndMalformedAreToldApart) {
  EXPECT_EQ(check_github({{}, "Hello, World!", kSentAt}, secrets({secret})),
            AuthFailure::no_credentials);
  EXPECT_EQ(check_github(signed_with(""), secrets({secret})), AuthFailure::no_credentials);
  EXPECT_EQ(check_github(signed_with(digest), secrets({secret})), AuthFailure::malformed);
  EXPECT_EQ(check_github(signed_with("sha1=" + digest), secrets({secret})), AuthFailure::malformed);
  EXPECT_EQ(check_github(signed_with("sha256=" + digest.substr(1)), secrets({secret})),
            AuthFailure::malformed);
  EXPECT_EQ(check_github(signed_with("sha256=" + std::string(64, 'z')), secrets({secret})),
            AuthFailure::wrong);
}

TEST_F(StandardSignature, ThePublishedExampleIsGenuine) { EXPECT_FALSE(check({secret})); }

TEST_F(StandardSignature, ThePublishedExampleIsGenuineUnderSvixHeadersToo) {
  delivery.headers = {{"svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                      {"svix-timestamp", "1614265330"},
                      {"svix-signature", signature}};
  EXPECT_FALSE(check({secret}));
}

// What Svix' documentation gives as an example.
TEST(SvixSignature, ThePublishedExampleIsGenuine) {
  const Delivery delivery{{{"svix-id", "msg_loFOjxBNrRLzqYUf"},
                           {"svix-timestamp", "1731705121"},
                           {"svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="}},
                          R"({"event_type":"ping","data":{"success":true}})",
                          WallTime(std::chrono::seconds(1'731'705'121))};
  EXPECT_FALSE(check_standard(delivery, secrets({"whsec_plJ3nmyCDGBKInavdOK15jsl"})));
}

TEST_F(StandardSignature, EitherOfTwoSecretsIsEnough) {
  EXPECT_FALSE(check({"whsec_bmV3", secret}));
  EXPECT_FALSE(check({secret, "whsec_b2xk"}));
  EXPECT_EQ(check({"whsec_bmV3", "whsec_b2xk"}), AuthFailure::wrong);
}

TEST_F(StandardSignature, OneOfTheListedSignaturesMustMatch) {
  delivery.headers["webhook-signature"] = "v1a,none v1,bm90IHRoaXMgb25l " + signature;
  EXPECT_FALSE(check({secret}));
  delivery.headers["webhook-signature"] = signature + " v1,bm90IHRoaXMgb25l";
  EXPECT_FALSE(check({secret}));
  delivery.headers["webhook-signature"] = "v2" + signature.substr(2);
  EXPECT_EQ(check({secret}), AuthFailure::wrong) << "another scheme";
}

TEST_F(StandardSignature, TheIdTheTimeAndTheBodyAreAllSigned) {
  for (const char* name : {"webhook-id", "webhook-timestamp"}) {
    Delivery changed = delivery;
    changed.headers[name].back() ^= 1;
    EXPECT_EQ(check_standard(changed, secrets({secret})), AuthFailure::wrong) << name;
  }
  delivery.body = R"({"test": 2432232315})";
  EXPECT_EQ(check({secret}), AuthFailure::wrong);
}

TEST_F(StandardSignature, FiveMinutesEitherWayAndNoMore) {
  delivery.received_at = kSentAt + minutes(5);
  EXPECT_FALSE(check({secret}));
  delivery.received_at = kSentAt + minutes(5) + milliseconds(1);
  EXPECT_EQ(check({secret}), AuthFailure::too_old);
  delivery.received_at = kSentAt - minutes(5);
  EXPECT_FALSE(check({secret}));
  delivery.received_at = kSentAt - minutes(5) - milliseconds(1);
  EXPECT_EQ(check({secret}), AuthFailure::too_old);
}

// So that the answer tells nobody without the secret what our clock says.
TEST_F(StandardSignature, AWrongSignatureIsWrongHoweverOld) {
  delivery.received_at = kSentAt + minutes(60);
  EXPECT_EQ(check({"whsec_bmV3"}), AuthFailure::wrong);
}

TEST_F(StandardSignature, EachHeaderMustBeThere) {
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    Delivery without = delivery;
    without.headers.erase(name);
    EXPECT_EQ(check_standard(without, secrets({secret})), AuthFailure::no_credentials) << name;
  }
}

TEST_F(StandardSignature, ATimeThatIsNoneIsMalformed) {
  for (const char* time : {"yesterday", "-1614265330", "1614265330.5", "1e9", " 1614265330",
                           "99999999999999999999", "100000000001"}) {
    delivery.headers["webhook-timestamp"] = time;
    EXPECT_EQ(check({secret}), AuthFailure::malformed) << time;
  }
}

TEST_F(StandardSignature, ASecretWithoutThePrefixIsTheKeyItself) {
  delivery.headers["webhook-signature"] =
      "v1," + to_base64(hmac_sha256("plain", "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." +
                                                 std::string(delivery.body)));
  EXPECT_FALSE(check({"plain"}));
}

TEST(Token, OfTheHeaderMustBeOneOfTheSecrets) {
  const auto check = [](const std::string& token) {
    return check_token({{{"x-gitlab-token", token}}, "", kSentAt}, "x-gitlab-token",
                       secrets({"new", "old"}));
  };
  EXPECT_FALSE(check("new"));
  EXPECT_FALSE(check("old"));
  EXPECT_EQ(check("older"), AuthFailure::wrong);
  EXPECT_EQ(check(""), AuthFailure::no_credentials);
}

TEST(HexHmac, WithSha1IsVercels) {
  const auto check = [](const std::string& signature) {
    return check_hex_hmac(
        {{{"x-vercel-signature", signature}}, R"({"type":"deployment.error"})", kSentAt},
        "x-vercel-signature", Digest::sha1, secrets({"test-secret"}));
  };
  EXPECT_FALSE(check("fee3f63ae01331b1d81a389e3c52ad541af44eba"));
  EXPECT_FALSE(check("sha1=fee3f63ae01331b1d81a389e3c52ad541af44eba"));
  EXPECT_EQ(check("fee3f63ae01331b1d81a389e3c52ad541af44ebb"), AuthFailure::wrong);
  EXPECT_EQ(check("fee3"), AuthFailure::malformed);
}

TEST_F(GithubSignature, OfTheSameFormUnderAnotherHeaderIsGenuine) {
  for (const std::string& sent : {digest, "sha256=" + digest}) {
    EXPECT_FALSE(check_hex_hmac({{{"x-signature", sent}}, "Hello, World!", kSentAt}, "x-signature",
                                Digest::sha256, secrets({"another", secret})));
  }
}

struct TimestampedSignature : ::testing::Test {
  std::optional<AuthFailure> check(const std::string& header, WallTime now = kSentAt) const {
    return check_timestamped({{{"stripe-signature", header}}, R"({"id":"evt_1"})", now},
                             "stripe-signature", secrets({"another", "whsec_test_secret"}));
  }
  const std::string value = "e135cdbed3dda004bf8a2fb350f2541d299393c770e0b9e6e319dc595e9072aa";
};

TEST_F(TimestampedSignature, AnyOfSeveralMayMatchAndOtherSchemesAreNotLookedAt) {
  EXPECT_FALSE(check("t=1614265330,v1=" + value));
  EXPECT_FALSE(check("t=1614265330,v1=00,v0=11,v1=" + value));
  EXPECT_EQ(check("t=1614265331,v1=" + value), AuthFailure::wrong);
  EXPECT_EQ(check("t=1614265330,v0=" + value), AuthFailure::malformed);
  EXPECT_EQ(check("v1=" + value), AuthFailure::malformed);
  EXPECT_EQ(check("t=1,t=1614265330,v1=" + value), AuthFailure::malformed);
}

TEST_F(TimestampedSignature, FiveMinutesEitherWayAndNoMore) {
  const std::string header = "t=1614265330,v1=" + value;
  EXPECT_FALSE(check(header, kSentAt + minutes(5)));
  EXPECT_EQ(check(header, kSentAt + minutes(5) + milliseconds(1)), AuthFailure::too_old);
  EXPECT_EQ(check(header, kSentAt - minutes(5) - milliseconds(1)), AuthFailure::too_old);
}

struct SecretFile : GithubSignature {
  void write(const std::string& text) const { std::ofstream(path) << text; }
  std::optional<AuthFailure> check() const {
    return check_github(signed_with("sha256=" + digest), {source});
  }
  test::TemporaryFolder folder;
  const std::string path = folder.path("secret");
  const SecretSource source = SecretSource::file(path);
};

TEST_F(SecretFile, IsReadAgainWhenItIsRotated) {
  write("the old one\n");
  EXPECT_EQ(check(), AuthFailure::wrong);
  write(secret + "\n");
  EXPECT_FALSE(check()) << "without a restart";
  write("the next one\n");
  EXPECT_EQ(check(), AuthFailure::wrong);
}

TEST_F(SecretFile, ThatIsGoneLetsNobodyIn) {
  write(secret);
  EXPECT_FALSE(check());
  std::filesystem::remove(path);
  EXPECT_EQ(check(), AuthFailure::secret_unavailable);
}

TEST_F(SecretFile, ThatIsEmptyLetsNobodyIn) {
  write("\n");
  EXPECT_EQ(check(), AuthFailure::secret_unavailable);
  const Delivery signed_with_nothing =
      signed_with("sha256=" + to_hex(hmac_sha256("", "Hello, World!")));
  EXPECT_EQ(check_github(signed_with_nothing, {source}), AuthFailure::secret_unavailable);
}

TEST_F(SecretFile, ThatIsGoneDoesNotCloseTheDoorForTheOther) {
  const Delivery delivery = signed_with("sha256=" + digest);
  EXPECT_FALSE(check_github(delivery, {source, secrets({secret}).front()}));
}

TEST_F(SecretFile, TheLogNamesTheFileAndNotTheSecret) {
  write(secret);
  EXPECT_FALSE(check());
  std::filesystem::remove(path);
  ::testing::internal::CaptureStderr();
  static_cast<void>(check());
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find(path), std::string::npos) << logged;
  EXPECT_EQ(logged.find(secret), std::string::npos) << logged;
  EXPECT_EQ(logged.find(digest), std::string::npos) << logged;
}

// Whoever likes may ask, and each time it is found missing.
TEST_F(SecretFile, ThatIsGoneIsNotALineADelivery) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i) static_cast<void>(check());
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find(path), std::string::npos) << logged;
  EXPECT_EQ(logged.find(path), logged.rfind(path)) << logged;
}

}  // namespace
}  // namespace backstay::intake
