#pragma once

#include <optional>
#include <string>
#include <string_view>

// What signatures are made of: a thin layer over OpenSSL. Pure.
namespace backstay::intake {

// Raw bytes: 32, 20 and 32 of them.
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string hmac_sha1(std::string_view key, std::string_view message);
std::string sha256(std::string_view message);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
// RFC 4648, section 4: with its padding.
std::optional<std::string> from_base64(std::string_view text);
// RFC 4648, section 5, as JWS has it: '-' and '_', and no padding.
std::optional<std::string> from_base64url(std::string_view text);

// Takes as long for a wrong text as for the right one of the same length.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace backstay::intake
