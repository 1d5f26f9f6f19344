#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/formats/parser.h"

namespace backstay::formats {

// What `format:` may be in the configuration, in the order of docs/CONFIG.md.
const std::vector<std::string>& names();

// The fields of `json`, by what they are: {"status", "res.statusCode"} says that the status is in
// the field statusCode of the object res, or in the field "res.statusCode". The first is one of
// json_roles(); kJsonFieldsMax of them, each path with kJsonPathDotsMax dots, are read: the
// configuration refuses more.
inline constexpr std::size_t kJsonFieldsMax = 40;
inline constexpr std::size_t kJsonPathDotsMax = 4;
using JsonFields = std::vector<std::pair<std::string, std::string>>;

// request (a whole line: GET /path HTTP/1.1), method, target, route, status, request_bytes,
// response_bytes, duration_s, duration_ms, duration_us, duration_ns, time, request_id, in_flight,
// level, message, stack.
const std::vector<std::string>& json_roles();

// name: one of names(). fields: of `json` alone, where those that are not named have the usual
// names.
std::unique_ptr<Parser> make_parser(const std::string& name, const JsonFields& fields = {});

}  // namespace backstay::formats
