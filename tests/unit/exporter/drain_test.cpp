#include "exporter/sources/drain.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"
#include "tests/unit/exporter/fake_batches.h"
#include "tests/unit/exporter/packed.h"

namespace backstay::sources {
namespace {

using test::packed;
using Headers = std::map<std::string, std::string>;

constexpr const char* kLine =
    "192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n";
constexpr const char* kBearer = "Bearer right";

// As CivetWeb would read it.
class ScriptedBody final : public web::Body {
 public:
  explicit ScriptedBody(std::string bytes, End last = End::whole)
      : rest_(std::move(bytes)), last_(last) {}
  std::size_t read(char* buffer, std::size_t size) override {
    was_read_ = true;
    size = std::min(size, rest_.size());
    std::memcpy(buffer, rest_.data(), size);
    rest_.erase(0, size);
    return size;
  }
  [[nodiscard]] End end() const override { return last_; }
  [[nodiscard]] bool was_read() const { return was_read_; }

 private:
  std::string rest_;
  const End last_;
  bool was_read_ = false;
};

SecretSource secret(const char* value) { return SecretSource::literal(Secret(value)); }

DrainConfig config(DrainCredentials credentials = DrainToken{secret("right"), ""},
                   const std::string& format = "combined") {
  return {"edge", format, {}, std::move(credentials), "", 10 * 1024 * 1024};
}

struct DrainTest : ::testing::Test {
  web::Response send_body(Drain& drain, web::Body& body, Headers headers,
                          const std::string& query = "") {
    return drain.receive({"POST", "/drains/edge", query, std::move(headers)}, body);
  }
  int send(Drain& drain, const std::string& bytes, Headers headers = {{"authorization", kBearer}},
           const std::string& query = "") {
    ScriptedBody body(bytes);
    return send_body(drain, body, std::move(headers), query).status;
  }
  test::FakeBatches batches;
};

TEST_F(DrainTest, ABatchIsCounted) {
  Drain drain(config(), batches);
  EXPECT_EQ(send(drain, std::string(kLine) + kLine + "no log\n"), 200);
  EXPECT_EQ(batches.total().lines, 3);
  EXPECT_EQ(batches.total().requests, 2);
  EXPECT_EQ(drain.count(DrainOutcome::counted), 1U);
}

TEST_F(DrainTest, AnArrayIsCountedByItsElements) {
  Drain drain(config(), batches);
  EXPECT_EQ(send(drain, "[{\"a\":1}, {\"b\":2}]"), 200);
  EXPECT_EQ(batches.total().lines, 2);
}

TEST_F(DrainTest, GzipIsInflatedWhateverTheHeaderSays) {
  Drain drain(config(), batches);
  const Headers told{{"authorization", kBearer}, {"content-encoding", "gzip"}};
  EXPECT_EQ(send(drain, packed(std::string(kLine) + kLine), told), 200);
  EXPECT_EQ(send(drain, packed(kLine)), 200);
  EXPECT_EQ(batches.total().requests, 3);
  EXPECT_EQ(drain.bytes(), 3 * std::strlen(kLine));
}

TEST_F(DrainTest, AnOverlongLineIsCountedAsSuch) {
  Drain drain(config(), batches);
  EXPECT_EQ(send(drain, kLine + std::string(100'000, 'a') + "\n" + kLine), 200);
  EXPECT_EQ(batches.total().too_long, 1);
  EXPECT_EQ(batches.total().requests, 2);
}

TEST_F(DrainTest, ADamagedBodyIsRefusedAndNothingIsCounted) {
  Drain drain(config(), batches);
  const Headers gzip{{"authorization", kBearer}, {"content-encoding", "gzip"}};
  const Headers brotli{{"authorization", kBearer}, {"content-encoding", "br"}};
  std::string damaged = packed(kLine);
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // its checksum
  EXPECT_EQ(send(drain, damaged), 400);
  EXPECT_EQ(send(drain, packed(kLine).substr(0, 50)), 400);
  EXPECT_EQ(send(drain, kLine, gzip), 400);
  EXPECT_EQ(send(drain, kLine, brotli), 400);
  EXPECT_EQ(send(drain, "[{\"a\":1}"), 400);
  EXPECT_EQ(send(drain, "[{\"a\":1}}"), 400);
  EXPECT_EQ(drain.count(DrainOutcome::bad_body), 6U);
  EXPECT_EQ(batches.total().lines, 0);
}

TEST_F(DrainTest, OfACutConnectionNothingIsCounted) {
  Drain drain(config(), batches);
  ScriptedBody body(kLine, web::Body::End::cut_off);
  send_body(drain, body, {{"authorization", kBearer}});
  EXPECT_EQ(drain.count(DrainOutcome::cut_off), 1U);
  EXPECT_EQ(batches.total().lines, 0);
}

TEST_F(DrainTest, TooMuchIsRefusedAsSentAndAsInflated) {
  Drain drain(config(), batches);
  ScriptedBody as_sent(kLine, web::Body::End::too_large);
  EXPECT_EQ(send_body(drain, as_sent, {{"authorization", kBearer}}).status, 413);
  EXPECT_EQ(send(drain, packed(std::string(11 * 1024 * 1024, '\n'))), 413);
  EXPECT_EQ(drain.count(DrainOutcome::too_large), 2U);
  EXPECT_EQ(batches.total().lines, 0);
}

TEST_F(DrainTest, WhatIsSentAgainIsNotCountedAgain) {
  Drain drain(config(), batches);
  EXPECT_EQ(send(drain, kLine), 200);
  EXPECT_EQ(send(drain, kLine), 200);
  EXPECT_EQ(send(drain, std::string(kLine) + kLine), 200);
  EXPECT_EQ(batches.total().lines, 3);
  EXPECT_EQ(drain.count(DrainOutcome::seen_before), 1U);
}

TEST_F(DrainTest, TheSameFromAnotherDrainIsCounted) {
  Drain drain(config(), batches);
  DrainConfig other = config();
  other.name = "other";
  Drain second(other, batches);
  EXPECT_EQ(send(drain, kLine), 200);
  EXPECT_EQ(send(second, kLine), 200);
  EXPECT_EQ(batches.total().lines, 2);
}

TEST_F(DrainTest, TheSendersNameForABatchIsItsId) {
  DrainConfig named = config();
  named.id_header = "logplex-frame-id";
  Drain drain(named, batches);
  const auto frame = [](const char* id) {
    return Headers{{"authorization", kBearer}, {"logplex-frame-id", id}};
  };
  send(drain, kLine, frame("1"));
  send(drain, kLine, frame("2"));
  send(drain, kLine, frame("1"));
  EXPECT_EQ(batches.total().lines, 2);
  // Not sent: the bytes are the id.
  send(drain, kLine);
  send(drain, kLine);
  EXPECT_EQ(batches.total().lines, 3);
}

TEST_F(DrainTest, WhatCannotBeKeptIsAskedForAgain) {
  Drain drain(config(), batches);
  batches.fill();
  ScriptedBody body(kLine);
  const web::Response response = send_body(drain, body, {{"authorization", kBearer}});
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "Retry-After");
  EXPECT_EQ(drain.count(DrainOutcome::not_kept), 1U);
}

TEST_F(DrainTest, CloudflaresSetUpIsAnsweredAndNotCounted) {
  Drain drain(config(DrainToken{secret("right"), ""}, "cloudflare"), batches);
  EXPECT_EQ(send(drain, packed("{\"content\":\"tests\"}\n")), 200);
  EXPECT_EQ(send(drain, packed("{\"content\": \"tests\"}")), 200);
  EXPECT_EQ(drain.count(DrainOutcome::setup), 2U);
  EXPECT_EQ(batches.total().lines, 0);
  EXPECT_EQ(send(drain, packed("{\"content\":\"tests\"}\n{\"content\":\"tests\"}\n")), 200);
  EXPECT_EQ(batches.total().lines, 2);
}

TEST_F(DrainTest, TheTokenMayComeInThreeWays) {
  Drain drain(config(DrainToken{secret("right"), "x-drain-token"}), batches);
  EXPECT_EQ(send(drain, "1", {{"authorization", "bearer  right"}}), 200);
  EXPECT_EQ(send(drain, "2", {{"x-drain-token", "right"}}), 200);
  EXPECT_EQ(send(drain, "3", {}, "a=b&token=right"), 200);
  EXPECT_EQ(send(drain, "4", {{"authorization", "Basic x"}}, "token=%72ight"), 200);
}

TEST_F(DrainTest, AWrongTokenIsRefusedAndTheBodyIsNotRead) {
  Drain drain(config(DrainToken{secret("right"), "x-drain-token"}), batches);
  const std::vector<std::pair<Headers, std::string>> wrong{
      {{}, ""},
      {{{"authorization", "Bearer "}}, ""},
      {{{"authorization", "Bearer rights"}}, ""},
      {{{"authorization", "right"}}, ""},
      {{{"authorization", ""}}, ""},
      {{{"x-other", "right"}}, ""},
      {{{"x-drain-token", ""}}, "token="},
      {{}, "token=wrong&Token=right"}};
  for (const auto& [headers, query] : wrong) {
    ScriptedBody body(kLine);
    EXPECT_EQ(send_body(drain, body, headers, query).status, 401) << query;
    EXPECT_FALSE(body.was_read());
  }
  EXPECT_EQ(drain.count(DrainOutcome::unauthorized), wrong.size());
}

TEST_F(DrainTest, UserAndPasswordAreChecked) {
  Drain drain(config(DrainBasic{"Aladdin", secret("open sesame")}), batches);
  EXPECT_EQ(send(drain, "1", {{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}), 200);
  EXPECT_EQ(send(drain, "2", {{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR=="}}), 401);
  EXPECT_EQ(send(drain, "3", {{"authorization", "Bearer open sesame"}}), 401);
  ScriptedBody body(kLine);
  const web::Response response = send_body(drain, body, {});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers.at(0).first, "WWW-Authenticate");
}

// printf 'The quick brown fox jumps over the lazy dog' | openssl dgst -sha256 -hmac key
TEST_F(DrainTest, TheBodysSignatureIsChecked) {
  const std::string body = "The quick brown fox jumps over the lazy dog";
  const std::string sha256 = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
  const std::string sha1 = "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9";
  using Algorithm = DrainSignature::Algorithm;
  Drain with_256(config(DrainSignature{"x-signature", Algorithm::hmac_sha256, secret("key")}),
                 batches);
  Drain with_1(config(DrainSignature{"x-signature", Algorithm::hmac_sha1, secret("key")}), batches);
  EXPECT_EQ(send(with_256, body, {{"x-signature", sha256}}), 200);
  EXPECT_EQ(send(with_256, body, {{"x-signature", "sha256=" + sha256}}), 200);
  EXPECT_EQ(send(with_1, body, {{"x-signature", "DE7C9B85" + sha1.substr(8)}}), 200);
  const int lines = batches.total().lines;

  EXPECT_EQ(send(with_256, body, {{"x-signature", sha1}}), 401);
  EXPECT_EQ(send(with_256, body + ".", {{"x-signature", sha256}}), 401);
  EXPECT_EQ(send(with_256, body + ".", {{"x-signature", ""}}), 401);
  ScriptedBody unsigned_body(body);
  EXPECT_EQ(send_body(with_256, unsigned_body, {}).status, 401);
  EXPECT_FALSE(unsigned_body.was_read());
  EXPECT_EQ(batches.total().lines, lines);
}

TEST_F(DrainTest, ASecretIsReadAnewAndOneThatIsGoneCostsNoBatch) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("token");
  std::ofstream(path) << "first\n";
  Drain drain(config(DrainToken{SecretSource::file(path), ""}), batches);
  EXPECT_EQ(send(drain, "1", {{"authorization", "Bearer first"}}), 200);
  std::ofstream(path) << "second\n";
  EXPECT_EQ(send(drain, "2", {{"authorization", "Bearer second"}}), 200);
  EXPECT_EQ(send(drain, "3", {{"authorization", "Bearer first"}}), 401);
  std::filesystem::remove(path);
  EXPECT_EQ(send(drain, "4", {{"authorization", "Bearer second"}}), 503);
}

}  // namespace
}  // namespace backstay::sources
