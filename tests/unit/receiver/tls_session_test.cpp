// TLS on real sockets, with certificates of the test's own.

#include <algorithm>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "receiver/intake/server.h"
#include "receiver/intake/web_access.h"
#include "tests/certificate_authority.h"
#include "tests/raw_client.h"
#include "tests/temporary_folder.h"
#include "tests/tls_client.h"

namespace backstay::intake {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::CertificateAndKey;
using test::RawClient;
using test::TlsClient;

constexpr const char* kGet = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr const char* kRequired =
    ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt";

struct TlsSessionTest : ::testing::Test {
  TlsSessionTest() {
    const CertificateAndKey own = authority.issue("first", "DNS:localhost,IP:127.0.0.1");
    write("own.crt", own.certificate);
    write("own.key", own.key);
    write("ca.crt", authority.certificate());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  void start(const std::string& more = "", milliseconds deadline = seconds(30)) {
    write("web.yml", "tls_server_config: {cert_file: own.crt, key_file: own.key" + more + "}\n");
    const auto access = load_web_access(folder.path("web.yml"), {});
    ASSERT_TRUE(access) << access.error().message;
    ServerLimits limits;
    limits.request_deadline = deadline;
    server = std::make_unique<Server>(
        [](const Request& request) {
          Response response;
          response.body = request.method + " " + std::to_string(request.body.size()) + " from \"" +
                          request.remote_address + "\"";
          return response;
        },
        limits, access->tls);
    const auto bound = server->listen("127.0.0.1:0");
    ASSERT_TRUE(bound) << bound.error().message;
    address = *bound;
  }
  std::string ask(const CertificateAndKey& own = {}, int version = 0) const {
    return TlsClient(address, authority.certificate(), own, version).ask(kGet);
  }
  static bool is_answered(const std::string& text) {
    return text.rfind("HTTP/1.1 200 ", 0) == 0 &&
           text.find("GET 0 from \"127.0.0.1\"") != std::string::npos;
  }
  // Once the connections have ended.
  std::uint64_t failed(TlsFailure failure) const {
    server->stop();
    return server->counters().handshakes_failed[static_cast<std::size_t>(failure)];
  }

  test::TemporaryFolder folder;
  test::CertificateAuthority authority;
  test::CertificateAuthority stranger;
  std::string address;
  std::unique_ptr<Server> server;
};

TEST_F(TlsSessionTest, AnswersInBothVersions) {
  start();
  EXPECT_TRUE(is_answered(ask({}, TLS1_2_VERSION)));
  EXPECT_TRUE(is_answered(ask({}, TLS1_3_VERSION)));
  EXPECT_EQ(TlsClient(address, authority.certificate()).server_name(), "first");
  EXPECT_EQ(server->counters().handshakes_failed, ServerCounters().handshakes_failed);
}

TEST_F(TlsSessionTest, AConnectionServesOneRequestAfterAnotherAndLargeOnes) {
  start();
  TlsClient client(address, authority.certificate());
  for (const std::size_t size : {0UL, 100'000UL, 1'000'000UL, 7UL}) {
    const std::string answer =
        client.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
                   "\r\n\r\n" + std::string(size, 'x'));
    EXPECT_NE(answer.find("POST " + std::to_string(size) + " from"), std::string::npos) << answer;
  }
  EXPECT_TRUE(is_answered(client.ask(kGet)));
}

TEST_F(TlsSessionTest, AVersionThatIsNotWantedIsRefused) {
  start(", min_version: TLS13");
  EXPECT_EQ(ask({}, TLS1_2_VERSION), "");
  EXPECT_TRUE(is_answered(ask({}, TLS1_3_VERSION)));
  EXPECT_EQ(failed(TlsFailure::protocol), 1u);
}

TEST_F(TlsSessionTest, OnlyTheWantedCiphersAreSpoken) {
  start(
      ", max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384], "
      "curve_preferences: [CurveP256]");
  EXPECT_TRUE(is_answered(ask()));
  EXPECT_EQ(ask({}, TLS1_3_VERSION), "");
}

TEST_F(TlsSessionTest, ACertificateOfTheAuthorityLetsIn) {
  start(kRequired);
  EXPECT_TRUE(is_answered(ask(authority.issue("alertmanager", ""), TLS1_2_VERSION)));
  EXPECT_TRUE(is_answered(ask(authority.issue("alertmanager", ""), TLS1_3_VERSION)));
}

TEST_F(TlsSessionTest, TheLogSaysWhyACertificateDoesNotCount) {
  start(kRequired);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(ask(authority.issue("alertmanager", "", -60)), "");
  server->stop();
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("certificate has expired"), std::string::npos) << told;
  EXPECT_NE(told.find("127.0.0.1"), std::string::npos) << told;
}

TEST_F(TlsSessionTest, WithoutACertificateOrWithAStrangersNobodyIsLetIn) {
  start(kRequired);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(ask({}, version), "");
    EXPECT_EQ(ask(stranger.issue("alertmanager", ""), version), "");
    EXPECT_EQ(ask(authority.issue("alertmanager", "", -60), version), "") << "expired";
  }
  EXPECT_EQ(failed(TlsFailure::no_certificate), 2u);
  EXPECT_EQ(failed(TlsFailure::certificate), 4u);
}

TEST_F(TlsSessionTest, OneThatMayBeLeftOutMustBeGoodWhereItIsShown) {
  start(", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt");
  EXPECT_TRUE(is_answered(ask()));
  EXPECT_TRUE(is_answered(ask(authority.issue("a", ""))));
  EXPECT_EQ(ask(stranger.issue("a", "")), "");
}

TEST_F(TlsSessionTest, AnyCertificateIsAnyButNotNone) {
  start(", client_auth_type: RequireAnyClientCert");
  EXPECT_TRUE(is_answered(ask(stranger.issue("a", ""))));
  EXPECT_EQ(ask(), "");
}

TEST_F(TlsSessionTest, OneThatIsAskedForNeedNotBeThere) {
  start(", client_auth_type: RequestClientCert");
  EXPECT_TRUE(is_answered(ask()));
  EXPECT_TRUE(is_answered(ask(stranger.issue("a", ""))));
}

TEST_F(TlsSessionTest, OfManyThatAreSignedOnlyTheNamedOnesCount) {
  start(std::string(kRequired) + ", client_allowed_sans: [am.example.com, 10.0.0.7]");
  EXPECT_TRUE(is_answered(ask(authority.issue("a", "DNS:x.example.com,DNS:am.example.com"))));
  EXPECT_TRUE(is_answered(ask(authority.issue("a", "IP:10.0.0.7"))));
  EXPECT_EQ(ask(authority.issue("am.example.com", "DNS:other.example.com")), "");
  EXPECT_EQ(ask(authority.issue("am.example.com", "")), "") << "its common name is no such name";
  EXPECT_EQ(failed(TlsFailure::certificate), 2u);
}

TEST_F(TlsSessionTest, ANameIsOfAnyKind) {
  start(std::string(kRequired) +
        ", client_allowed_sans: ['fd00::7', am@example.com, 'spiffe://example.com/am']");
  for (const char* san : {"IP:fd00::7", "email:am@example.com", "URI:spiffe://example.com/am"}) {
    EXPECT_TRUE(is_answered(ask(authority.issue("a", san)))) << san;
  }
  for (const char* san : {"IP:fd00::8", "email:eve@example.com", "URI:spiffe://example.com/amy"}) {
    EXPECT_EQ(ask(authority.issue("a", san)), "") << san;
  }
}

TEST_F(TlsSessionTest, WhoNeedNoCertificateNeedsNoName) {
  start(
      ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt, "
      "client_allowed_sans: [am.example.com]");
  EXPECT_TRUE(is_answered(ask()));
  EXPECT_TRUE(is_answered(ask(authority.issue("a", "DNS:am.example.com"))));
  EXPECT_EQ(ask(authority.issue("a", "DNS:x.example.com")), "");
}

// To a client the end of the connection alone could be somebody who cuts answers short.
TEST_F(TlsSessionTest, TheEndIsSaidInsideTls) {
  start();
  TlsClient client(address, authority.certificate());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  client.read_to_end();
  EXPECT_TRUE(client.is_told_the_end());
}

TEST_F(TlsSessionTest, AClientThatDoesNotTrustUsIsCountedAsThat) {
  start();
  EXPECT_FALSE(TlsClient(address, stranger.certificate()).is_connected());
  EXPECT_EQ(failed(TlsFailure::refused_by_client), 1u);
}

TEST_F(TlsSessionTest, WhoForgotTheSIsTold) {
  start();
  RawClient client(address);
  client.send(kGet);
  const std::string answer = client.read_to_end();
  EXPECT_EQ(answer.rfind("HTTP/1.1 400 ", 0), 0u) << answer;
  EXPECT_NE(answer.find("https://"), std::string::npos) << answer;
  EXPECT_EQ(failed(TlsFailure::plain_http), 1u);
}

TEST_F(TlsSessionTest, GarbageAndAHangUpAreCounted) {
  start();
  RawClient garbage(address);
  garbage.send(std::string(100, 'x'));
  garbage.read_to_end();
  RawClient(address).send("\x16\x03\x01");
  constexpr auto kDisconnected = static_cast<std::size_t>(TlsFailure::disconnected);
  while (server->counters().handshakes_failed[kDisconnected] == 0) std::this_thread::yield();
  EXPECT_EQ(failed(TlsFailure::protocol), 1u);
}

// The connection itself stays open.
TEST_F(TlsSessionTest, AGoodbyeInTheMiddleOfAHandshakeEndsIt) {
  start("", std::chrono::hours(1));
  RawClient client(address);
  client.send(TlsClient::hello() + std::string("\x15\x03\x03\x00\x02\x01\x00", 7));
  EXPECT_NE(client.read_to_end(), "") << "the server's hello, and the end";
  EXPECT_EQ(failed(TlsFailure::disconnected), 1u);
}

// Of the last record of a head that is as long as may be, TLS keeps what comes after it.
TEST_F(TlsSessionTest, WhatTlsHasReadAlreadyIsTheNextRequest) {
  start("", std::chrono::hours(1));
  std::string head = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n";
  while (head.size() < 60'000) head += "X-Long: " + std::string(4000, 'x') + "\r\n";
  head += "X-Long: " + std::string(65'536 - head.size() - 12, 'x') + "\r\n\r\n";
  ASSERT_EQ(head.size(), 65'536u);
  TlsClient client(address, authority.certificate());
  for (std::size_t at = 0; at < 60'000; at += 10'000) {
    ASSERT_TRUE(client.send(head.substr(at, 10'000)));
  }
  client.send(head.substr(60'000) + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answers = client.read_to_end();
  EXPECT_EQ(answers.rfind("HTTP/1.1 200", 0), 0u) << answers;
  EXPECT_NE(answers.find("HTTP/1.1 200", 1), std::string::npos) << answers;
}

// The beginning of a hello that is long enough to drip for an hour.
TEST_F(TlsSessionTest, AHandshakeThatDripsIsCutWhileOthersAreAnswered) {
  start("", seconds(2));
  RawClient dripping(address);
  dripping.send(std::string("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 9));
  int answered = 0;
  while (dripping.drip('x')) {
    if (is_answered(ask())) ++answered;
  }
  dripping.read_to_end();
  server->stop();
  EXPECT_GT(answered, 0);
  EXPECT_EQ(server->counters().requests_timed_out, 1u);
}

// A handshake and a request are cut at the deadline of one, not of two.
TEST_F(TlsSessionTest, ARequestThatDripsInsideTlsIsCutToo) {
  start("", milliseconds(500));
  TlsClient dripping(address, authority.certificate());
  ASSERT_TRUE(dripping.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
  const auto begun = std::chrono::steady_clock::now();
  while (dripping.send("x") && std::chrono::steady_clock::now() - begun < seconds(30)) {
    pollfd polled{dripping.descriptor(), POLLIN, 0};
    if (::poll(&polled, 1, 5) != 0) break;
  }
  server->stop();
  EXPECT_EQ(server->counters().requests_timed_out, 1u);
}

TEST_F(TlsSessionTest, TheOperatorsSocketStaysPlain) {
  start(kRequired);
  ASSERT_TRUE(server->listen_unix(folder.path("control.sock")));
  RawClient person(folder.path("control.sock"));
  person.send(kGet);
  EXPECT_NE(person.read_answer().find("GET 0 from \"\""), std::string::npos);
}

TEST_F(TlsSessionTest, ARenewedCertificateIsShownToTheNextConnection) {
  start();
  TlsClient before(address, authority.certificate());
  const CertificateAndKey renewed = authority.issue("second", "DNS:localhost");
  write("own.crt", renewed.certificate);
  // Until the key is there too they do not belong together.
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(TlsClient(address, authority.certificate()).server_name(), "first");
  EXPECT_EQ(TlsClient(address, authority.certificate()).server_name(), "first");
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("own.key: does not belong to the certificate"), std::string::npos) << told;
  EXPECT_EQ(told.find("level=error"), told.rfind("level=error")) << "told once:\n" << told;
  write("own.key", renewed.key);
  EXPECT_EQ(TlsClient(address, authority.certificate()).server_name(), "second");
  EXPECT_TRUE(is_answered(before.ask(kGet))) << "a connection that is open stays";
}

TEST_F(TlsSessionTest, AnAuthorityThatIsTakenOutCountsNoMore) {
  start(kRequired);
  const CertificateAndKey own = authority.issue("alertmanager", "");
  EXPECT_TRUE(is_answered(ask(own)));
  write("ca.crt", stranger.certificate());
  EXPECT_EQ(ask(own), "");
  EXPECT_TRUE(is_answered(ask(stranger.issue("alertmanager", ""))));
}

TEST_F(TlsSessionTest, HandshakesThatFailDoNotFillTheLog) {
  start();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) {
    RawClient client(address);
    client.send(kGet);
    client.read_to_end();
  }
  server->stop();
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
  EXPECT_EQ(server->counters().handshakes_failed[static_cast<std::size_t>(TlsFailure::plain_http)],
            5u);
}

}  // namespace
}  // namespace backstay::intake
