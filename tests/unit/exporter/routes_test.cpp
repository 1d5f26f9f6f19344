#include "exporter/requests/routes.h"

#include <utility>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

std::string folded(const std::string& target, std::vector<std::string> templates = {}) {
  std::string route = "left over from the call before";
  Routes(std::move(templates)).fold(target, route);
  return route;
}

TEST(Routes, IdentifiersAreFoldedAndWordsAreNot) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"/", "/"},
      {"", "/"},
      {"/api/users", "/api/users"},
      {"/api/users/", "/api/users"},
      {"//api///users", "/api/users"},
      {"/api/users/42", "/api/users/:id"},
      {"/api/users/42/orders/7", "/api/users/:id/orders/:id"},
      {"/users/550e8400-e29b-41d4-a716-446655440000", "/users/:id"},
      {"/commits/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commits/:id"},
      {"/commits/9fceb02d", "/commits/:id"},
      {"/orders/507f1f77bcf86cd799439011", "/orders/:id"},
      {"/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/ulid/:id"},
      {"/archive/2026-11-23", "/archive/:id"},
      {"/invite/ada@example.com", "/invite/:id"},
      {"/search/caf%C3%A9", "/search/:id"},
      {"/reset/V1StGXR8_Z5jdHi6B-myT", "/reset/:id"},
      {"/reset/aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", "/reset/:id"},
      {"/confirm/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "/confirm/:id"},
      // Words of the service's code stay, digits in them or not.
      {"/api/v1/users", "/api/v1/users"},
      {"/assets/bootstrap5.css", "/assets/bootstrap5.css"},
      {"/facade", "/facade"},
      {"/deadbeef", "/deadbeef"},
      {"/oauth2/callback", "/oauth2/callback"},
  };
  for (const auto& [target, route] : table) EXPECT_EQ(folded(target), route) << target;
}

TEST(Routes, QueryAndHostAreNoPartOfARoute) {
  EXPECT_EQ(folded("/search?q=secret&page=2"), "/search");
  EXPECT_EQ(folded("/search#part"), "/search");
  EXPECT_EQ(folded("?q=1"), "/");
  EXPECT_EQ(folded("http://example.com/a/b?c"), "/a/b");
  EXPECT_EQ(folded("https://example.com"), "/");
  EXPECT_EQ(folded("/login?next=http://example.com/a"), "/login");
}

TEST(Routes, TemplatesWin) {
  const std::vector<std::string> templates{"/api/users/me", "/api/users/:name", "/files/:year"};
  EXPECT_EQ(folded("/api/users/me", templates), "/api/users/me");
  EXPECT_EQ(folded("/api/users/ada", templates), "/api/users/:name");
  EXPECT_EQ(folded("/api/users/42?x=1", templates), "/api/users/:name");
  EXPECT_EQ(folded("/files/2026/", templates), "/files/:year");
  // Neither shorter nor longer.
  EXPECT_EQ(folded("/api/users", templates), "/api/users");
  EXPECT_EQ(folded("/api/users/ada/x", templates), "/api/users/ada/x");
}

TEST(Routes, ARouteIsBounded) {
  EXPECT_EQ(folded("/a/b/c/d/e/f/g/h"), "/a/b/c/d/e/f/g/h");
  EXPECT_EQ(folded("/a/b/c/d/e/f/g/h/i/j"), "/a/b/c/d/e/f/g/h/*");
  const std::string word(39, 'w');
  const std::string long_target = "/" + word + "/" + word + "/" + word + "/" + word;
  EXPECT_EQ(folded(long_target), "/" + word + "/" + word + "/" + word + "/*");
  EXPECT_LE(folded("/" + std::string(60'000, 'a')).size(), Routes::kBytesMax + 2);
}

// A label that is no UTF-8 would end the whole scrape.
TEST(Routes, OtherBytesThanAsciiBecomeQuestionMarks) {
  EXPECT_EQ(folded("/caf\xe9/\x01x"), "/caf?/?x");
}

}  // namespace
}  // namespace backstay::requests
