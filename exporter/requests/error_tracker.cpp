#include "exporter/requests/error_tracker.h"

#include <algorithm>
#include <utility>

namespace backstay::requests {
namespace {

constexpr std::int64_t kAgingMs = 60 * 1000;

// Others are one: who scans a service sends whatever he likes.
std::string_view known_method(std::string_view method) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    if (method == known) return known;
  }
  return "_OTHER";
}

std::size_t at(ErrorCategory category) { return static_cast<std::size_t>(category); }
std::size_t at(ErrorSeverity severity) { return static_cast<std::size_t>(severity); }

}  // namespace

TrackedError* ErrorTracker::find(std::uint64_t fingerprint) {
  const auto found = index_.find(fingerprint);
  return found == index_.end() ? nullptr : &errors_[found->second];
}

bool ErrorTracker::is_known(std::uint64_t fingerprint) const {
  return index_.count(fingerprint) > 0 || remembered_fingerprints_.count(fingerprint) > 0;
}

// A clock that was set back does not hold it up.
bool ErrorTracker::needs_sample(const TrackedError& error, std::int64_t now_ms) const {
  const std::int64_t age_ms = now_ms - error.sample.taken_ms;
  return age_ms >= limits_.sample_ms || age_ms < 0;
}

std::int64_t ErrorTracker::believed(std::optional<std::int64_t> time_ms,
                                    std::int64_t now_ms) const {
  const bool is_credible = time_ms && *time_ms <= now_ms && *time_ms >= now_ms - limits_.age_max_ms;
  return is_credible ? *time_ms : now_ms;
}

void ErrorTracker::count(TrackedError& error, ErrorSeverity severity, std::int64_t time_ms) {
  ++total_[at(error.category)][at(severity)];
  ++error.count;
  error.severity = std::max(error.severity, severity);
  error.first_seen_ms = std::min(error.first_seen_ms, time_ms);
  error.last_seen_ms = std::max(error.last_seen_ms, time_ms);
}

void ErrorTracker::observe(const formats::AccessEvent& event, std::string_view route,
                           std::int64_t now_ms) {
  if (event.status < 500 || event.status > 599) return;
  if (now_ms - aged_ms_ >= kAgingMs) forget_old(now_ms);
  const std::int64_t time_ms = believed(event.time_ms, now_ms);
  const std::string_view method = known_method(event.method);
  const std::uint64_t fingerprint = fingerprinter_.of_request(method, route, event.status);
  if (TrackedError* known = find(fingerprint)) {
    if (needs_sample(*known, now_ms)) known->sample = sample_of(event, method, route, now_ms);
    return count(*known, ErrorSeverity::error, time_ms);
  }
  TrackedError error;
  error.fingerprint = fingerprint;
  error.category = ErrorCategory::http;
  error.first_seen_ms = error.last_seen_ms = time_ms;
  error.sample = sample_of(event, method, route, now_ms);
  error.title = error.sample.method + ' ' + error.sample.route + ' ' + std::to_string(event.status);
  count(error, ErrorSeverity::error, time_ms);
  insert(std::move(error));
}

void ErrorTracker::observe(const formats::LogMessage& message, std::int64_t now_ms) {
  auto severity = severity_of(message.level);
  if (!severity && message.level.empty() && !message.stack.empty()) {
    severity = ErrorSeverity::error;
  }
  if (!severity || (message.message.empty() && message.stack.empty())) return;
  if (now_ms - aged_ms_ >= kAgingMs) forget_old(now_ms);
  const std::int64_t time_ms = believed(message.time_ms, now_ms);
  const std::uint64_t fingerprint = fingerprinter_.of_message(message);
  if (TrackedError* known = find(fingerprint)) {
    if (needs_sample(*known, now_ms)) known->sample = sample_of(RedactedMessage(message), now_ms);
    return count(*known, *severity, time_ms);
  }
  TrackedError error;
  error.fingerprint = fingerprint;
  const RedactedMessage redacted(message);
  error.title = title_of(redacted);
  error.category = category_of(error.title, message.message);
  error.first_severity = error.severity = *severity;
  error.first_seen_ms = error.last_seen_ms = time_ms;
  error.sample = sample_of(redacted, now_ms);
  count(error, *severity, time_ms);
  insert(std::move(error));
}

void ErrorTracker::count_new(std::uint64_t fingerprint, ErrorCategory category,
                             ErrorSeverity severity) {
  if (!is_known(fingerprint)) ++new_[at(category)][at(severity)];
}

// One that is not tracked. Of one too many the one that was not seen for longest goes: it may be
// the new one, where it comes from an old file.
void ErrorTracker::insert(TrackedError error) {
  count_new(error.fingerprint, error.category, error.first_severity);
  index_.emplace(error.fingerprint, errors_.size());
  errors_.push_back(std::move(error));
  forget_beyond_limit();
}

void ErrorTracker::forget_beyond_limit() {
  while (errors_.size() > limits_.errors_max) forget(oldest());
}

std::size_t ErrorTracker::oldest() const {
  const auto least = std::min_element(errors_.begin(), errors_.end(),
                                      [](const TrackedError& left, const TrackedError& right) {
                                        return left.last_seen_ms < right.last_seen_ms;
                                      });
  return static_cast<std::size_t>(least - errors_.begin());
}

void ErrorTracker::forget(std::size_t place) {
  TrackedError& error = errors_[place];
  remember({error.fingerprint, error.category, error.first_severity});
  ++forgotten_;
  index_.erase(error.fingerprint);
  if (place + 1 < errors_.size()) {
    error = std::move(errors_.back());
    index_[error.fingerprint] = place;
  }
  errors_.pop_back();
}

void ErrorTracker::remember(const Forgotten& error) {
  if (limits_.remembered_max == 0 || !remembered_fingerprints_.insert(error.fingerprint).second) {
    return;
  }
  if (remembered_.size() < limits_.remembered_max) {
    remembered_.push_back(error);
    return;
  }
  remembered_fingerprints_.erase(remembered_[remembered_oldest_].fingerprint);
  remembered_[remembered_oldest_] = error;
  remembered_oldest_ = (remembered_oldest_ + 1) % remembered_.size();
}

void ErrorTracker::forget_old(std::int64_t now_ms) {
  aged_ms_ = now_ms;
  for (std::size_t i = errors_.size(); i > 0; --i) {
    if (errors_[i - 1].last_seen_ms < now_ms - limits_.age_max_ms) forget(i - 1);
  }
}

void ErrorTracker::combine(TrackedError& error, const TrackedError& other) const {
  if (other.first_seen_ms < error.first_seen_ms) error.first_severity = other.first_severity;
  error.count += other.count;
  error.severity = std::max(error.severity, other.severity);
  error.first_seen_ms = std::min(error.first_seen_ms, other.first_seen_ms);
  error.last_seen_ms = std::max(error.last_seen_ms, other.last_seen_ms);
  if (needs_sample(error, other.sample.taken_ms)) error.sample = other.sample;
}

void ErrorTracker::merge(const ErrorTracker& other) {
  for (std::size_t category = 0; category < kErrorCategories; ++category) {
    for (std::size_t severity = 0; severity < kErrorSeverities; ++severity) {
      total_[category][severity] += other.total_[category][severity];
    }
  }
  forgotten_ += other.forgotten_;
  // First those that are here already: or one of them could be pushed out before it is seen again.
  for (const TrackedError& error : other.errors_) {
    if (TrackedError* known = find(error.fingerprint)) combine(*known, error);
  }
  for (const TrackedError& error : other.errors_) {
    if (index_.count(error.fingerprint) == 0) insert(error);
  }
  for (const Forgotten& error : other.remembered_) {
    count_new(error.fingerprint, error.category, error.severity);
    if (index_.count(error.fingerprint) == 0) remember(error);
  }
}

metrics::Families ErrorTracker::families() const {
  metrics::Family total{"errors_total",
                        "Errors: requests that were answered 5xx (category http), and messages of "
                        "the level error or worse.",
                        metrics::Type::counter,
                        {}};
  metrics::Family first{"errors_new_total",
                        "Errors that were the first of their kind: with a fingerprint that is "
                        "neither in GET /errors nor among the last ones that were forgotten there.",
                        metrics::Type::counter,
                        {}};
  for (std::size_t category = 0; category < kErrorCategories; ++category) {
    for (std::size_t severity = 0; severity < kErrorSeverities; ++severity) {
      if (total_[category][severity] == 0) continue;
      const metrics::Labels labels{
          {"category", std::string(to_string(static_cast<ErrorCategory>(category)))},
          {"severity", std::string(to_string(static_cast<ErrorSeverity>(severity)))}};
      total.samples.push_back({labels, static_cast<double>(total_[category][severity]), {}});
      first.samples.push_back({labels, static_cast<double>(new_[category][severity]), {}});
    }
  }
  metrics::Family tracked{"backstay_errors_tracked",
                          "Different errors that GET /errors shows.",
                          metrics::Type::gauge,
                          {{{}, static_cast<double>(errors_.size()), {}}}};
  metrics::Family forgotten{"backstay_errors_forgotten_total",
                            "Different errors that GET /errors shows no longer: not seen for 7 "
                            "days, or pushed out by ones seen later.",
                            metrics::Type::counter,
                            {{{}, static_cast<double>(forgotten_), {}}}};
  return {std::move(total), std::move(first), std::move(tracked), std::move(forgotten)};
}

}  // namespace backstay::requests
