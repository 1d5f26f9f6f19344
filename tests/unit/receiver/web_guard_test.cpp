#include "receiver/intake/web_guard.h"

#include <algorithm>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "base/mutex.h"
#include "tests/certificate_authority.h"
#include "tests/temporary_folder.h"

namespace backstay::intake {
namespace {

// ada's password is "open sesame"; the hash is htpasswd's, at the lowest cost.
constexpr const char* kUsers =
    "basic_auth_users:\n"
    "  ada: $2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n";
constexpr const char* kRight = "Basic YWRhOm9wZW4gc2VzYW1l";
constexpr const char* kWrong = "Basic YWRhOm9wZW4gc2VzYW1F";

struct WebGuardTest : ::testing::Test {
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  void start(const std::string& text, std::vector<WebhookConfig> webhooks = {}) {
    write("web.yml", text);
    const auto access = load_web_access(folder.path("web.yml"), webhooks);
    ASSERT_TRUE(access) << access.error().message;
    guard = std::make_unique<WebGuard>(*access);
  }
  Response ask(const std::string& authorization = "", const std::string& path = "/metrics") const {
    Request request;
    request.path = path;
    request.remote_address = "192.0.2.7";
    if (!authorization.empty()) request.headers["authorization"] = authorization;
    return guard->handle(request, [](const Request& admitted) {
      Response response;
      response.body = "in as \"" + admitted.user + "\"";
      return response;
    });
  }
  static std::string header(const Response& response, const std::string& wanted) {
    for (const auto& [name, value] : response.headers) {
      if (name == wanted) return value;
    }
    return "";
  }
  double shown(const std::string& name, const std::string& reason = "") const {
    for (const auto& family : guard->Collect()) {
      if (family.name != name) continue;
      for (const auto& one : family.metric) {
        if (reason.empty() || one.label.front().value == reason) {
          return one.counter.value + one.gauge.value;
        }
      }
    }
    return -1;
  }
  test::TemporaryFolder folder;
  std::unique_ptr<WebGuard> guard;
};

TEST_F(WebGuardTest, WithoutAFileEverybodyPasses) {
  guard = std::make_unique<WebGuard>(WebAccess{});
  EXPECT_EQ(ask().body, "in as \"\"");
  EXPECT_TRUE(guard->Collect().empty());
}

TEST_F(WebGuardTest, ThePasswordIsAskedForOnEveryPath) {
  start(kUsers);
  for (const char* path : {"/metrics", "/-/healthy", "/-/ready", "/", "/webhooks/ci", "/nowhere"}) {
    const Response refused = ask("", path);
    EXPECT_EQ(refused.status, 401) << path;
    EXPECT_EQ(header(refused, "WWW-Authenticate"), "Basic");
    EXPECT_EQ(refused.body, "unauthorized\n");
    EXPECT_EQ(ask(kWrong, path).status, 401) << path;
    EXPECT_EQ(ask("Bearer abc", path).status, 401) << path;
    EXPECT_EQ(ask(kRight, path).body, "in as \"ada\"") << path;
  }
  EXPECT_EQ(shown("backstay_web_auth_failures_total", "no_credentials"), 6);
  EXPECT_EQ(shown("backstay_web_auth_failures_total", "wrong"), 12);
}

TEST_F(WebGuardTest, AWebhookMayBeLeftOut) {
  WebhookConfig netlify{"netlify", "netlify", {}};
  netlify.asks_basic_auth = false;
  start(kUsers, {WebhookConfig{"ci", "github", {}}, netlify});
  EXPECT_EQ(ask("", "/webhooks/netlify").body, "in as \"\"");
  EXPECT_EQ(ask(kRight, "/webhooks/netlify").body, "in as \"\"") << "nobody looked";
  EXPECT_EQ(ask("", "/webhooks/netlify/").status, 401);
  EXPECT_EQ(ask("", "/webhooks/ci").status, 401);
}

TEST_F(WebGuardTest, WithoutUsersEverybodyPassesWithTheHeadersThatAreWanted) {
  start("http_server_config: {headers: {X-Frame-Options: deny}}\n");
  EXPECT_EQ(ask().body, "in as \"\"");
  EXPECT_EQ(header(ask(), "X-Frame-Options"), "deny");
}

TEST_F(WebGuardTest, ARefusalHasTheHeadersThatAreWantedToo) {
  start("http_server_config: {headers: {X-Frame-Options: deny}}\n" + std::string(kUsers));
  const Response refused = ask();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(header(refused, "X-Frame-Options"), "deny");
}

// At cost 10 the checks take seconds: long before the first is done the last has come. Nobody is
// told that a password was wrong which nobody has looked at.
TEST_F(WebGuardTest, WhereTooManyPasswordsWaitOneIsToldToComeBack) {
  start(
      "basic_auth_users:\n"
      "  ada: $2a$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
  Response busy;
  Mutex mutex;
  std::vector<std::thread> senders;
  for (int i = 0; i < 40; ++i) {
    senders.emplace_back([&]() {
      const Response response = ask(kWrong);
      if (response.status == 401) return;
      const MutexLock lock(mutex);
      busy = response;
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(header(busy, "Retry-After"), "5");
  EXPECT_GT(shown("backstay_web_auth_failures_total", "busy"), 0);
  EXPECT_EQ(shown("backstay_web_auth_failures_total", "busy") +
                shown("backstay_web_auth_failures_total", "wrong"),
            40);
}

TEST_F(WebGuardTest, AFileThatGoesBadLeavesTheLastGoodOneInForce) {
  for (const std::string& good : {std::string(kUsers), std::string("# everybody\n")}) {
    start(good);
    const int status = ask().status;
    EXPECT_EQ(shown("backstay_web_config_last_reload_successful"), 1);
    write("web.yml", "basic_auth_users: {ada: no hash}\n");
    EXPECT_EQ(ask().status, status) << good;
    EXPECT_EQ(shown("backstay_web_config_last_reload_successful"), 0);
    write("web.yml", good);
    EXPECT_EQ(shown("backstay_web_config_last_reload_successful"), 1) << "without a request";
  }
}

TEST_F(WebGuardTest, CertificatesAreAPartOfTheConfiguration) {
  const test::CertificateAuthority authority;
  const test::CertificateAndKey own = authority.issue("own", "");
  write("own.crt", own.certificate);
  write("own.key", own.key);
  start("tls_server_config: {cert_file: own.crt, key_file: own.key}\n");
  EXPECT_GT(shown("backstay_web_certificate_expires_timestamp_seconds"), 1.7e9);
  EXPECT_LT(shown("backstay_web_certificate_expires_timestamp_seconds"), 1.7e10) << "seconds";
  write("own.crt", "garbage");
  EXPECT_EQ(shown("backstay_web_config_last_reload_successful"), 0);
  EXPECT_GT(shown("backstay_web_certificate_expires_timestamp_seconds"), 1.7e9) << "of the old one";
}

TEST_F(WebGuardTest, NoPasswordIsInTheLog) {
  start(kUsers);
  ::testing::internal::CaptureStderr();
  ask(kWrong);
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("192.0.2.7"), std::string::npos) << logged;
  for (const char* hidden : {"open sesam", "YWRhOm9w", "$2y$"}) {
    EXPECT_EQ(logged.find(hidden), std::string::npos) << logged;
  }
}

TEST_F(WebGuardTest, GuessesDoNotFillTheLog) {
  start(kUsers);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(kWrong).status, 401);
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 1) << logged;
  EXPECT_EQ(shown("backstay_web_auth_failures_total", "wrong"), 20);
}

}  // namespace
}  // namespace backstay::intake
