#include "exporter/web/guard.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay::web {
namespace {

// ada's password is "open sesame"; the hash is htpasswd's, at the lowest cost.
constexpr const char* kUsers =
    "basic_auth_users:\n"
    "  ada: $2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n";
constexpr const char* kRight = "Basic YWRhOm9wZW4gc2VzYW1l";
constexpr const char* kWrong = "Basic YWRhOm9wZW4gc2VzYW1F";

struct GuardTest : ::testing::Test {
  void write(const std::string& text) const { std::ofstream(folder.path("web.yml")) << text; }
  std::unique_ptr<Guard> guard(const std::string& text) const {
    write(text);
    auto file = WebConfigFile::load(folder.path("web.yml"), {"no TLS here"});
    if (!file) throw std::runtime_error(file.error().message);
    return std::make_unique<Guard>(*file);
  }
  static Response ask(Guard& guard, const std::string& authorization = "",
                      const std::string& path = "/metrics") {
    Request request{"GET", path, "", {}};
    if (!authorization.empty()) request.headers["authorization"] = authorization;
    return guard.handle(request, [](const Request&) { return Response{200, "in\n"}; });
  }
  static std::string header(const Response& response, const std::string& wanted) {
    for (const auto& [name, value] : response.headers) {
      if (name == wanted) return value;
    }
    return "";
  }
  static double last_reload(const Guard& guard) {
    for (const metrics::Family& family : guard.families()) {
      if (family.name == "backstay_web_config_last_reload_successful") {
        return family.samples.at(0).value;
      }
    }
    return -1;
  }
  test::TemporaryFolder folder;
};

TEST_F(GuardTest, WithoutAFileEverybodyPasses) {
  Guard open(nullptr);
  EXPECT_EQ(ask(open).body, "in\n");
  EXPECT_TRUE(open.families().empty());
}

TEST_F(GuardTest, WithoutUsersEverybodyPasses) {
  const auto open = guard("http_server_config: {headers: {X-Frame-Options: deny}}\n");
  const Response response = ask(*open);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "X-Frame-Options"), "deny");
}

TEST_F(GuardTest, EveryPathNeedsThePassword) {
  const auto shut = guard(kUsers);
  for (const char* path : {"/metrics", "/-/healthy", "/health", "/", "/nowhere"}) {
    const Response response = ask(*shut, "", path);
    EXPECT_EQ(response.status, 401) << path;
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Basic") << path;
    EXPECT_EQ(ask(*shut, kWrong, path).status, 401) << path;
    EXPECT_EQ(ask(*shut, kRight, path).body, "in\n") << path;
  }
}

TEST_F(GuardTest, WhoIsTurnedAwayIsCountedAndGetsTheHeadersToo) {
  const auto shut = guard(std::string(kUsers) +
                          "http_server_config: {headers: {X-Content-Type-Options: nosniff}}\n");
  EXPECT_EQ(header(ask(*shut), "X-Content-Type-Options"), "nosniff");
  ask(*shut, kWrong);
  ask(*shut, kWrong);
  ask(*shut, kRight);
  std::map<std::string, double> counts;
  const metrics::Families families = shut->families();
  for (const auto& sample : families.at(0).samples) {
    counts[sample.labels.pairs()["reason"]] = sample.value;
  }
  EXPECT_EQ(counts,
            (std::map<std::string, double>{{"busy", 0}, {"no_credentials", 1}, {"wrong", 2}}));
}

TEST_F(GuardTest, AFileThatIsHalfWrittenOpensNothing) {
  const auto shut = guard(kUsers);
  EXPECT_EQ(last_reload(*shut), 1);
  for (const char* half : {"", "http_server_config: {headers: {X-Frame-Options: deny}}\n",
                           "basic_auth_users: {ada: secret}\n"}) {
    write(half);
    EXPECT_EQ(ask(*shut).status, 401) << half;
    EXPECT_EQ(ask(*shut, kRight).status, 200) << half;
    EXPECT_EQ(last_reload(*shut), 0) << half;
  }
  write(kUsers);
  EXPECT_EQ(ask(*shut, kRight).status, 200);
  EXPECT_EQ(last_reload(*shut), 1);
}

TEST_F(GuardTest, WithoutUsersBeforeABadFileLetsNobodyInUntilItIsMended) {
  const auto shut = guard("# nobody yet\n");
  write("basic_auth_users: {ada: secret}\n");
  const Response response = ask(*shut, kRight);
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_EQ(last_reload(*shut), 0);
  write(kUsers);
  EXPECT_EQ(ask(*shut, kRight).status, 200);
}

}  // namespace
}  // namespace backstay::web
