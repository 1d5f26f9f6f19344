#pragma once

#include <string_view>

namespace backstay {

// Whether what stands behind this name ("DB_PASSWORD", "x-api-key", "accessToken") is a secret.
// Names of exceptions ("TokenExpiredError") and of source files ("token.py") are none.
bool is_secret_name(std::string_view name);

// In a query some more are: "key", "code".
bool is_secret_parameter(std::string_view name);

// Headers whose whole line is a secret: Authorization, Cookie, Set-Cookie and their like.
bool is_secret_header(std::string_view name);

}  // namespace backstay
