#include "receiver/intake/jws.h"

#include "receiver/intake/digests.h"
#include "receiver/intake/json_fields.h"
#include "receiver/json_text.h"

namespace backstay::intake {

std::optional<Jws> parse_jws_hs256(std::string_view compact) {
  const std::size_t first = compact.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = compact.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = from_base64url(compact.substr(0, first));
  auto claims = from_base64url(compact.substr(first + 1, second - first - 1));
  auto signature = from_base64url(compact.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  const auto parsed = parse_json(*header);
  // What "crit" names would have to be understood, and nothing is (RFC 7515, 4.1.11).
  if (!parsed.is_object() || text_at(parsed, "/alg") != "HS256" || parsed.contains("crit")) {
    return std::nullopt;
  }
  return Jws{std::string(compact.substr(0, second)), std::move(*signature), std::move(*claims)};
}

bool is_signed_by(const Jws& jws, std::string_view key) {
  return equal_in_constant_time(jws.signature, hmac_sha256(key, jws.signed_text));
}

}  // namespace backstay::intake
