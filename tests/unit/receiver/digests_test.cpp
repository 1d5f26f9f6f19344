#include "receiver/intake/digests.h"

#include <gtest/gtest.h>

namespace backstay::intake {
namespace {

// FIPS 180-2, appendix B.1, and RFC 2202, case 2.
TEST(Digests, AreThePublishedOnes) {
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Base64Url, HasItsOwnLettersAndNoPadding) {
  EXPECT_EQ(from_base64url("-_8"), std::string("\xfb\xff", 2));
  EXPECT_EQ(from_base64url("Zm9v"), "foo");
  // The last is "Zm8" with a bit set that is not used.
  for (const char* text : {"", "+/8", "Zg==", "Z", "Zm9vY", "Zm 9", "Zm9"}) {
    EXPECT_FALSE(from_base64url(text)) << text;
  }
}

}  // namespace
}  // namespace backstay::intake
