#include "receiver/intake/framing.h"

#include <string>

#include <gtest/gtest.h>

namespace backstay::intake {
namespace {

std::optional<Unserved> refused(const std::string& headers) {
  const auto unclear = unclear_framing("POST /x HTTP/1.1\r\n" + headers + "\r\n");
  if (!unclear) return std::nullopt;
  EXPECT_FALSE(unclear->says.empty());
  return unclear->reason;
}

TEST(Framing, WhatSendersSendIsClear) {
  EXPECT_EQ(refused(""), std::nullopt);
  EXPECT_EQ(refused("Host: x\r\nContent-Length: 0\r\n"), std::nullopt);
  EXPECT_EQ(refused("content-length:\t18446744073709551615 \r\n"), std::nullopt);
  EXPECT_EQ(refused("TRANSFER-ENCODING: Chunked\r\n"), std::nullopt);
  EXPECT_EQ(refused("X-Empty:\r\nX: a: b\r\nx: c\r\nREMOTE_ADDR: y\r\n!#$%&'*+-.^_`|~09: z\r\n"),
            std::nullopt)
      << "others may come twice, and have names of all characters that are allowed";
  EXPECT_EQ(refused("X-Name: Jos\xc3\xa9\r\n"), std::nullopt);
}

TEST(Framing, ALengthIsSaidOnceAsANumber) {
  for (const char* headers :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nX: y\r\ncONTENT-lENGTH: 5\r\n", "Content-Length: 5, 5\r\n",
        "Content-Length: \r\n", "Content-Length: +5\r\n", "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n", "Content-Length: 5 5\r\n", "Content-Length: %35\r\n",
        "Content-Length: 18446744073709551616\r\n"}) {
    EXPECT_EQ(refused(headers), Unserved::body_length) << headers;
  }
}

TEST(Framing, AnEncodingIsSaidOnceAndNotBesideALength) {
  for (const char* headers :
       {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: %63hunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"}) {
    EXPECT_EQ(refused(headers), Unserved::body_length) << headers;
  }
}

TEST(Framing, AHeaderIsOneLineWithANameBeforeItsColon) {
  for (const std::string& headers :
       {std::string("Content-Length : 5\r\n"), std::string("Content-Length\t: 5\r\n"),
        std::string(" Content-Length: 5\r\n"), std::string("X: y\r\n z\r\n"),
        std::string("X: y\r\n\tContent-Length: 5\r\n"), std::string("X: y\r\n \r\n"),
        std::string("Content-Length\r\n"), std::string(": 5\r\n"), std::string("X Y: z\r\n"),
        std::string("X(: z\r\n"), std::string("\xc3\xa9: z\r\n"),
        std::string("Content-Length: 5\nX: y\r\n"), std::string("X: y\n\r\n"),
        std::string("X: y\n\nGET / HTTP/1.1\r\n"), std::string("X: y\rContent-Length: 5\r\n"),
        std::string("X: y\0z\r\n", 8)}) {
    EXPECT_EQ(refused(headers), Unserved::malformed) << headers;
  }
}

}  // namespace
}  // namespace backstay::intake
