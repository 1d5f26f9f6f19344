#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backstay::intake {

// A JSON Web Signature in its compact form, header.claims.signature, taken apart. Nothing of it is
// proven yet. https://www.rfc-editor.org/rfc/rfc7515
struct Jws {
  std::string signed_text;  // header.claims, as they were sent
  std::string signature;    // raw bytes
  std::string claims;       // JSON
};

// Nothing unless its header says HS256: who sends it does not choose the algorithm ("none").
std::optional<Jws> parse_jws_hs256(std::string_view compact);
bool is_signed_by(const Jws& jws, std::string_view key);

}  // namespace backstay::intake
