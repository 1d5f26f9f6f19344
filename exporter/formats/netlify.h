#pragma once

#include "exporter/formats/json_reader.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {

// Netlify's log drains: `traffic` is what counts, with its duration in milliseconds. What functions
// log has a level and a message; whatever else there is says nothing of requests.
// https://docs.netlify.com/manage/monitoring/log-drains/
class Netlify final : public Parser {
 public:
  Netlify();
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  JsonReader reader_;
};

}  // namespace backstay::formats
