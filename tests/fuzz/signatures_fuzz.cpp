#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/basic_auth.h"
#include "base/secret.h"
#include "receiver/intake/digests.h"
#include "receiver/intake/jws.h"
#include "receiver/intake/netlify.h"
#include "receiver/intake/signatures.h"
#include "tests/fuzz/delivery.h"
#include "tests/fuzz/require.h"

// Every header that proves who sent a delivery, in all of its forms. An input is a delivery as
// delivery.h reads it. As it comes nobody is let in: the fuzzer does not know the secrets. Signed
// by us it is let in if its time is right; with one thing changed after the signature it never is.
namespace backstay::intake {
namespace {

using fuzz::require;

constexpr const char* kKey = "6f1d0a4c-unknown-to-the-fuzzer-93b7";
constexpr const char* kKeyBefore = "b0a7-the-one-before-it-4d1e";
constexpr std::int64_t kNowSeconds = 1'614'265'330;
constexpr std::int64_t kWindowSeconds = 300;

using Secrets = std::vector<SecretSource>;

const Secrets& secrets() {
  static const Secrets both{SecretSource::literal(Secret(kKey)),
                            SecretSource::literal(Secret(kKeyBefore))};
  return both;
}

// A way to sign, and to check it.
struct Way {
  const char* header;
  std::optional<AuthFailure> (*check)(const Delivery&);
  // The header's value; empty where such a delivery cannot be signed.
  std::string (*sign)(const Delivery&, std::string_view key);
  bool has_time = false;  // what is signed begins with webhook-timestamp
};

std::string text(const Delivery& delivery, const char* header) {
  return std::string(delivery.header(header).value_or(""));
}

std::string sign_jws(const Delivery& delivery, std::string_view key) {
  const auto url = [](std::string_view bytes) {
    std::string encoded = to_base64(bytes);
    for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return encoded.substr(0, encoded.find('='));
  };
  const std::string claims =
      R"({"iss":"netlify","sha256":")" + to_hex(sha256(delivery.body)) + R"("})";
  const std::string signed_text = url(R"({"alg":"HS256"})") + "." + url(claims);
  return signed_text + "." + url(hmac_sha256(key, signed_text));
}

const std::array<Way, 7> kWays{{
    {"authorization", [](const Delivery& d) { return check_bearer(d, secrets()); },
     [](const Delivery&, std::string_view key) { return "Bearer " + std::string(key); }},
    {"x-token", [](const Delivery& d) { return check_token(d, "x-token", secrets()); },
     [](const Delivery&, std::string_view key) { return std::string(key); }},
    {"x-hub-signature-256", [](const Delivery& d) { return check_github(d, secrets()); },
     [](const Delivery& d, std::string_view key) {
       return "sha256=" + to_hex(hmac_sha256(key, d.body));
     }},
    {"x-sha1",
     [](const Delivery& d) { return check_hex_hmac(d, "x-sha1", Digest::sha1, secrets()); },
     [](const Delivery& d, std::string_view key) { return to_hex(hmac_sha1(key, d.body)); }},
    {"x-webhook-signature",
     [](const Delivery& d) {
       static const Netlify netlify(secrets());
       return netlify.authenticate(d);
     },
     sign_jws},
    {"x-signature",
     [](const Delivery& d) { return check_timestamped(d, "x-signature", secrets()); },
     [](const Delivery& d, std::string_view key) {
       const std::string time = text(d, "webhook-timestamp");
       if (time.find(',') != std::string::npos) return std::string();
       return "t=" + time +
              ",v1=00,v1=" + to_hex(hmac_sha256(key, time + "." + std::string(d.body)));
     },
     true},
    {"webhook-signature", [](const Delivery& d) { return check_standard(d, secrets()); },
     [](const Delivery& d, std::string_view key) {
       const std::string id = text(d, "webhook-id");
       if (id.empty()) return std::string();
       const std::string message =
           id + "." + text(d, "webhook-timestamp") + "." + std::string(d.body);
       return "v1,AAAA v2,x v1," + to_base64(hmac_sha256(key, message));
     },
     true},
}};

// Whether the time that is signed is one, and within five minutes of the delivery.
bool is_in_time(const Delivery& delivery) {
  const std::string time = text(delivery, "webhook-timestamp");
  if (time.empty() || time.size() > 18) return false;
  if (time.find_first_not_of("0123456789") != std::string::npos) return false;
  const std::int64_t age = kNowSeconds - std::stoll(time);
  return age <= kWindowSeconds && age >= -kWindowSeconds;
}

// One thing changed: a character of what was signed, or of the signature, or the key's.
void check_changed(const Way& way, const Delivery& delivery, std::string_view input) {
  const std::string genuine = delivery.headers.at(way.header);
  Delivery changed = delivery;
  const std::size_t last = genuine.size() - 1 - input.size() % 20;
  std::string& value = changed.headers[way.header];
  value[last] = value[last] == 'e' ? 'f' : 'e';
  require(way.check(changed).has_value());
  value = genuine.substr(0, last);
  require(way.check(changed).has_value());
  value = way.sign(delivery, "not the key");
  require(way.check(changed).has_value());
  const bool is_of_the_body =
      std::string_view(way.header) != "authorization" && std::string_view(way.header) != "x-token";
  if (!is_of_the_body) return;
  const std::string body = std::string(delivery.body) + " ";
  value = genuine;
  changed.body = body;
  require(way.check(changed).has_value());
}

void check_way(const Way& way, Delivery delivery, std::string_view input) {
  require(way.check(delivery).has_value());
  for (const char* key : {kKey, kKeyBefore}) {
    const std::string value = way.sign(delivery, key);
    if (value.empty()) return;
    delivery.headers[way.header] = value;
    const bool is_let_in = !way.check(delivery).has_value();
    require(is_let_in == (!way.has_time || is_in_time(delivery)));
  }
  check_changed(way, delivery, input);
}

// A name and a password in base64. The hash is none, so that no password is right, or takes long.
void check_basic_auth(const Delivery& delivery) {
  static BasicAuth basic_auth;
  static const std::map<std::string, Secret> users{{"ops", Secret("no hash")}};
  const auto header = delivery.header("authorization");
  const auto verdict =
      basic_auth.check(header ? std::optional(std::string(*header)) : std::nullopt, users);
  require(verdict == (header ? BasicAuth::Verdict::wrong : BasicAuth::Verdict::no_credentials));
}

void check_digests(std::string_view bytes) {
  if (!bytes.empty()) require(from_base64(to_base64(bytes)) == bytes);
  require(to_hex(bytes).size() == 2 * bytes.size());
  require(equal_in_constant_time(bytes, bytes));
  require(!equal_in_constant_time(bytes, std::string(bytes) + "x"));
  const auto jws = parse_jws_hs256(bytes);
  require(!jws || bytes.substr(0, jws->signed_text.size()) == jws->signed_text);
  require(!jws || !is_signed_by(*jws, kKey));
}

}  // namespace
}  // namespace backstay::intake

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace backstay::intake;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Delivery delivery = backstay::fuzz::delivery_of(input);
  for (const Way& way : kWays) check_way(way, delivery, input);
  check_basic_auth(delivery);
  for (const auto& [name, value] : delivery.headers) {
    check_digests(value);
    const auto decoded = from_base64url(value);
    backstay::fuzz::require(!decoded || decoded->size() <= value.size());
  }
  return 0;
}
