#include "exporter/request_config.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace backstay {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr const char* kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::vector<std::string> read_routes(ConfigNode& requests) {
  std::vector<std::string> routes = requests.texts("routes");
  for (const std::string& route : routes) {
    if (route.empty() || route.front() != '/') {
      requests.fault("routes", "\"" + route + "\" does not begin with /");
    }
  }
  return routes;
}

// Only `json` has fields that a configuration can name.
formats::JsonFields read_fields(ConfigNode& source, const std::string& format) {
  formats::JsonFields fields = source.named_texts("fields");
  if (!fields.empty() && format != "json") source.fault("fields", "only the format json has them");
  const std::vector<std::string>& roles = formats::json_roles();
  for (const auto& [role, path] : fields) {
    if (std::find(roles.begin(), roles.end(), role) != roles.end()) continue;
    std::string known;
    for (const std::string& each : roles) known += (known.empty() ? "" : ", ") + each;
    source.fault("fields", role + " is none of " + known);
  }
  return fields;
}

LogFileConfig read_file(ConfigNode& node) {
  LogFileConfig file;
  file.path = node.maybe_path("path").value_or("");
  const std::string usual = "combined";
  file.format = node.choice_or("format", formats::names(), usual);
  file.fields = read_fields(node, file.format);
  return file;
}

using Credentials = std::optional<sources::DrainCredentials>;

Credentials read_token(ConfigNode& drain) {
  const std::string header = lower_case(drain.maybe_text("token_header").value_or(""));
  if (!drain.has("token_file") && !drain.has("token_env")) return std::nullopt;
  return sources::DrainToken{drain.required_secret("token", false), header};
}

Credentials read_basic(ConfigNode& drain) {
  ConfigNode basic = drain.section("basic");
  if (!drain.has("basic")) return std::nullopt;
  const std::string user = basic.text("user");
  return sources::DrainBasic{user, basic.required_secret("password", false)};
}

Credentials read_signature(ConfigNode& drain) {
  using Algorithm = sources::DrainSignature::Algorithm;
  ConfigNode signature = drain.section("signature");
  if (!drain.has("signature")) return std::nullopt;
  const std::string header = lower_case(signature.text("header"));
  const bool is_sha1 =
      signature.choice_or("algorithm", {"hmac-sha256", "hmac-sha1"}, "hmac-sha256") == "hmac-sha1";
  return sources::DrainSignature{header, is_sha1 ? Algorithm::hmac_sha1 : Algorithm::hmac_sha256,
                                 signature.required_secret("secret", false)};
}

std::optional<sources::DrainConfig> read_drain(ConfigNode& node) {
  const std::string name = node.text("drain");
  if (name.find_first_not_of(kNameCharacters) != std::string::npos) {
    node.fault("drain", "\"" + name + "\": only a-z, 0-9, dots, dashes and underscores");
  }
  const std::vector<std::string>& formats = formats::names();
  const bool is_format = std::find(formats.begin(), formats.end(), name) != formats.end();
  const std::string usual = is_format ? name : "json";
  const std::string format = node.choice_or("format", formats, usual);
  const formats::JsonFields fields = read_fields(node, format);
  const std::string id_header = lower_case(node.maybe_text("id_header").value_or(""));
  Credentials credentials;
  int ways = 0;
  for (auto* read : {read_token, read_basic, read_signature}) {
    auto way = read(node);
    if (!way) continue;
    ++ways;
    credentials = std::move(way);
  }
  if (ways == 1)
    return sources::DrainConfig{name, format, fields, std::move(*credentials), id_header};
  node.fault("", ways == 0 ? "one of token_file, basic and signature is missing"
                           : "only one of token_file, basic and signature may be there");
  return std::nullopt;
}

void read_sources(ConfigNode& requests, RequestsConfig& config) {
  std::set<std::string> seen;
  for (ConfigNode& node : requests.sections("sources")) {
    const bool is_drain = node.has("drain");
    if (is_drain && node.has("path")) node.fault("path", "a drain has none");
    if (!is_drain && !node.has("path")) node.fault("", "path or drain is missing");
    std::string name;
    if (is_drain) {
      auto drain = read_drain(node);
      if (!drain) continue;
      name = drain->name;
      config.drains.push_back(std::move(*drain));
    } else {
      config.files.push_back(read_file(node));
      name = config.files.back().path;
    }
    // Lines of a file would be counted twice.
    if (!seen.insert(name).second)
      node.fault(is_drain ? "drain" : "path", name + " is there twice");
  }
}

}  // namespace

RequestsConfig read_requests(ConfigNode& root) {
  RequestsConfig config;
  ConfigNode section = root.section("requests");
  read_sources(section, config);
  requests::RequestOptions options;
  options.routes = requests::Routes(read_routes(section));
  options.series_max =
      static_cast<std::size_t>(section.integer_or("max_series", 2000, 10, 1'000'000));
  options.routes_max = static_cast<std::size_t>(section.integer_or("max_routes", 150, 1, 100'000));
  const auto slow =
      section.duration_or("slow_over", milliseconds(1000), milliseconds(1), minutes(60));
  options.slow_seconds = std::chrono::duration<double>(slow).count();
  config.options = std::make_shared<const requests::RequestOptions>(std::move(options));
  return config;
}

}  // namespace backstay
