#include "exporter/requests/tally.h"

namespace backstay::requests {

void Tally::take(const formats::Parsed& parsed, std::int64_t now_ms) {
  if (const auto* event = std::get_if<formats::AccessEvent>(&parsed)) {
    const std::string_view route = requests_.observe(*event, now_ms);
    if (event->status >= 500) errors_.observe(*event, route, now_ms);
  } else if (const auto* message = std::get_if<formats::LogMessage>(&parsed)) {
    errors_.observe(*message, now_ms);
  }
}

void Tally::merge(const Tally& other) {
  requests_.merge(other.requests_);
  errors_.merge(other.errors_);
}

void Tally::tidy(std::int64_t now_ms) {
  requests_.tidy(now_ms);
  errors_.forget_old(now_ms);
}

void Tally::save(RecordWriter& to) const {
  requests_.save(to);
  errors_.save(to);
}

bool Tally::load(RecordReader& from) {
  const bool is_loaded = requests_.load(from) && errors_.load(from);
  if (!is_loaded) clear();
  return is_loaded;
}

void Tally::clear() {
  requests_.clear();
  errors_ = ErrorTracker();
}

}  // namespace backstay::requests
