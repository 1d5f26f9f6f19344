#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backstay {

// The text without what is or may be a secret, each in its place "[redacted]": what secret_length()
// knows by its looks; what stands behind a name that says so, in any notation that logs have
// (password=…, "token": "…", --api-key …, <secret>…, also percent-encoded); credentials behind
// Bearer and Basic; Authorization and cookie headers; user and password of a URL or of a connection
// string. In doubt it is one: a text that lost a word is better than one that tells a password.
//
// Ends where that gives bytes_max bytes (npos: all of it) or a few more, never inside of
// "[redacted]": a secret that lies across the cut is known by all of it. Time is linear in the
// text. Bytes that are no UTF-8 stay as they are.
std::string redact(std::string_view text, std::size_t bytes_max);

}  // namespace backstay
