#include "exporter/requests/fold_message.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

std::string folded(const std::string& message) {
  std::string text = "left over from the call before";
  fold_message(message, text);
  return text;
}

TEST(FoldMessage, WhatVariesIsFolded) {
  const std::pair<const char*, const char*> table[]{
      {"user 42 not found", "user <number> not found"},
      {"took -3.5e-7, 1,024 or 99.9%", "took <number>, <number> or <number>"},
      {"no answer in 30s, 1.5ms or 1h2m3s", "no answer in <duration>, <duration> or <duration>"},
      {"mail to ada@example.com bounced", "mail to <email> bounced"},
      {"GET https://example.com/a?b=c: 404", "GET <url>: <number>"},
      {"dial tcp 10.0.0.7:5432: refused", "dial tcp <ip>: refused"},
      {"peer [2001:db8::1] is gone", "peer [<ip>] is gone"},
      {"order 550e8400-e29b-41d4-a716-446655440000 lost", "order <uuid> lost"},
      {"commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit <hash>"},
      {"at 0x7ffee3b0 and deadbe3f", "at <hex> and <hex>"},
      {"since 2026-11-25T14:05:12.123Z", "since <date>"},
      {"since 2026-11-25 14:05:12,123 it", "since <date> it"},
      {"until Wed, 25 Nov 2026 14:05:12 GMT.", "until <date>."},
      {"[25/Nov/2026:14:05:12 +0000] no", "[<date>] no"},
      {"relation \"users\" does not exist", "relation <quoted> does not exist"},
      {"can't read property 'id' of undefined", "can't read property <quoted> of undefined"},
      {"open /var/lib/app/42/data.json: denied", "open /var/lib/app/<id>/data.json: denied"},
      {"user_id=42 items[3] order#17 job-9",
       "user_id=<number> items[<number>] order#<number> job-<number>"},
      {"session V1StGXR8_Z5jdHi6B7myT", "session <id>"},
      {"password=hunter2 wrong", "password=[redacted] wrong"},
      {"two\n  lines\t here ", "two lines here"},
      {"", ""}};
  for (const auto& [message, expected] : table) EXPECT_EQ(folded(message), expected);
}

TEST(FoldMessage, WordsStay) {
  for (const std::string text : {"sha256 of v2 is not utf8", "it may be May", "HTTP2 error: facade",
                                 "users' carts", "a / b", "Größe überschritten"}) {
    EXPECT_EQ(folded(text), text);
  }
}

TEST(FoldMessage, AnyBytesMayCome) {
  for (int c = 0; c < 256; ++c) {
    for (const std::string around : {"", "a", "'", "1", "/", "://", "@."}) {
      const std::string text = around + static_cast<char>(c) + around;
      EXPECT_LE(folded(text + text).size(), 40U);
    }
  }
  EXPECT_LE(folded(std::string(1 << 20, '1')).size(), kFoldedBytesMax);
}

}  // namespace
}  // namespace backstay::requests
