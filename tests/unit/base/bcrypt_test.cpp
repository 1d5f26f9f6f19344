#include "base/bcrypt.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

// A test vector of crypt_blowfish, where bcrypt's three prefixes come from.
constexpr const char* kHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr const char* kPassword = "U*U";

TEST(Bcrypt, KnowsTheRightPassword) {
  EXPECT_TRUE(bcrypt_matches(Secret(kPassword), Secret(kHash)));
  for (const char* prefix : {"$2b$", "$2y$"}) {
    const std::string hash = prefix + std::string(kHash).substr(4);
    EXPECT_TRUE(bcrypt_matches(Secret(kPassword), Secret(hash))) << prefix;
  }
}

TEST(Bcrypt, RefusesAnyOther) {
  for (const char* password : {"", "U*", "U*U*", "u*u", "U*U "}) {
    EXPECT_FALSE(bcrypt_matches(Secret(password), Secret(kHash))) << password;
  }
  EXPECT_FALSE(bcrypt_matches(Secret(std::string("U*U\0", 4)), Secret(kHash)));
  EXPECT_FALSE(bcrypt_matches(Secret(kPassword), Secret("U*U")));
  EXPECT_FALSE(bcrypt_matches(Secret(kPassword), Secret()));
}

TEST(Bcrypt, KnowsAHashWhenItSeesOne) {
  EXPECT_TRUE(is_bcrypt_hash(kHash));
  const std::string rest = std::string(kHash).substr(6);
  for (const std::string& text :
       {std::string(), std::string("secret"), std::string(kHash) + "x", std::string(kHash, 59),
        "$2x$05" + rest, "$1$$05" + rest, "$2a$5$" + rest, "$2a$ab" + rest,
        std::string("$2a$05$") + std::string(53, ' '),
        "$2a$05" + std::string(1, '.') + rest.substr(1)}) {
    EXPECT_FALSE(is_bcrypt_hash(text)) << text;
  }
}

TEST(Bcrypt, TheCostIsBounded) {
  const std::string rest = std::string(kHash).substr(6);
  EXPECT_TRUE(is_bcrypt_hash("$2y$04" + rest));
  EXPECT_TRUE(is_bcrypt_hash("$2y$15" + rest));
  EXPECT_FALSE(is_bcrypt_hash("$2y$03" + rest));
  EXPECT_FALSE(is_bcrypt_hash("$2y$16" + rest));
  EXPECT_FALSE(is_bcrypt_hash("$2y$31" + rest));
}

}  // namespace
}  // namespace backstay
