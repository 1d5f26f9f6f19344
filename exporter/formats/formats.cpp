#include "exporter/formats/formats.h"

#include <array>

#include "exporter/formats/caddy.h"
#include "exporter/formats/cloudflare.h"
#include "exporter/formats/combined.h"
#include "exporter/formats/haproxy.h"
#include "exporter/formats/json.h"
#include "exporter/formats/netlify.h"
#include "exporter/formats/traefik.h"

namespace backstay::formats {

namespace {

using Make = std::unique_ptr<Parser> (*)(const JsonFields& fields);

template <typename Format>
std::unique_ptr<Parser> make(const JsonFields& /*fields*/) {
  return std::make_unique<Format>();
}

std::unique_ptr<Parser> make_json(const JsonFields& fields) {
  return std::make_unique<Json>(fields);
}

struct Format {
  std::string_view name;
  Make make;
};
constexpr std::array<Format, 7> kFormats{{
    {"combined", make<Combined>},
    {"json", make_json},
    {"haproxy", make<Haproxy>},
    {"caddy", make<Caddy>},
    {"traefik", make<Traefik>},
    {"cloudflare", make<Cloudflare>},
    {"netlify", make<Netlify>},
}};

}  // namespace

const std::vector<std::string>& names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Format& format : kFormats) all.emplace_back(format.name);
    return all;
  }();
  return names;
}

const std::vector<std::string>& json_roles() {
  static const std::vector<std::string> roles = [] {
    std::vector<std::string> all;
    for (std::size_t role = 0; role < kFieldRoles; ++role) {
      const std::string_view name = to_string(static_cast<FieldRole>(role));
      if (!name.empty()) all.emplace_back(name);
    }
    return all;
  }();
  return roles;
}

std::unique_ptr<Parser> make_parser(const std::string& name, const JsonFields& fields) {
  for (const Format& format : kFormats) {
    if (format.name == name) return format.make(fields);
  }
  return nullptr;
}

std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::empty:
      return "empty";
    case RejectReason::too_long:
      return "too_long";
    case RejectReason::control_characters:
      return "control_characters";
    case RejectReason::no_time:
      return "no_time";
    case RejectReason::no_request:
      return "no_request";
    case RejectReason::bad_request_line:
      return "bad_request_line";
    case RejectReason::bad_status:
      return "bad_status";
    case RejectReason::not_json:
      return "not_json";
    case RejectReason::bad_field:
      break;
  }
  return "bad_field";
}

}  // namespace backstay::formats
