#include "receiver/intake/jws.h"

#include <gtest/gtest.h>

#include "receiver/intake/digests.h"

namespace backstay::intake {
namespace {

// RFC 7515, appendix A.1.
const std::string kHeader = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
const std::string kClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
const std::string kSignature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string kKey =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

TEST(Jws, ThePublishedExampleIsGenuine) {
  const auto jws = parse_jws_hs256(kHeader + "." + kClaims + "." + kSignature);
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->claims,
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
            "\"http://example.com/is_root\":true}");
  EXPECT_TRUE(is_signed_by(*jws, *from_base64url(kKey)));
  EXPECT_FALSE(is_signed_by(*jws, "another"));
}

// RFC 7515, appendix A.5 has the first: a token without a signature.
TEST(Jws, NoOtherAlgorithmIsTaken) {
  for (const char* header : {"eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzUxMiJ9", "e30", "W10",
                             "eyJhbGciOiJIUzI1NiIsImNyaXQiOltdfQ"}) {
    EXPECT_FALSE(parse_jws_hs256(std::string(header) + "." + kClaims + "." + kSignature)) << header;
  }
}

TEST(Jws, HasThreePartsInItsOwnBase64) {
  for (const std::string& text :
       {std::string(), kHeader, kHeader + "." + kClaims, kHeader + "." + kClaims + ".",
        kHeader + "." + kClaims + "." + kSignature + "=", kHeader + "." + kClaims + ".a.b"}) {
    EXPECT_FALSE(parse_jws_hs256(text)) << text;
  }
}

}  // namespace
}  // namespace backstay::intake
