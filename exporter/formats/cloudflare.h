#pragma once

#include "exporter/formats/json_reader.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {

// Cloudflare's Logpush, the data set http_requests: the duration is from EdgeStartTimestamp to
// EdgeEndTimestamp where those are in nanoseconds. In whole seconds, or as RFC 3339 that has no
// fraction, they tell no duration, and EdgeTimeToFirstByteMs is the nearest there is.
// https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/
class Cloudflare final : public Parser {
 public:
  Cloudflare();
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  JsonReader reader_;
};

}  // namespace backstay::formats
