#include "exporter/requests/request_counts.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace backstay::requests {
namespace {

using formats::AccessEvent;

constexpr std::string_view kOther = "other";
constexpr std::string_view kUnmatched = "unmatched";
constexpr std::size_t kIndexAtFirst = 256;
constexpr std::size_t kRecordBytesMin = 64;  // of one route
// A clock ahead of ours: what it says is in the future happened now.
constexpr std::int64_t kAheadMsMax = 60'000;

// In the order in which they are met most often.
std::string_view known_method(std::string_view method) {
  if (method == "GET") return "GET";  // nearly all are: a comparison without a call
  for (const std::string_view known :
       {"POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}) {
    if (method == known) return known;
  }
  return "_OTHER";
}

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::uint64_t hash_of(std::string_view method, std::string_view route) {
  return hash_of(route) ^ (static_cast<unsigned char>(method[0]) * 0x9e3779b97f4a7c15ULL) ^
         (static_cast<unsigned char>(method[1]) << 7);
}

// Bounded by methods and statuses, so that their label sets may always be made.
bool is_collective(std::string_view route) { return route == kOther || route == kUnmatched; }

// Only what the service itself has answered is a route at once. What stands before it answers 404,
// 403, a redirect or 502 to whatever it is asked for.
bool is_proof(int status) { return status / 100 == 2 || status == 500; }

metrics::Family counter(const char* name, const char* help) {
  return {name, help, metrics::Type::counter, {}};
}

}  // namespace

RequestCounts::RequestCounts(std::shared_ptr<const RequestOptions> options, Learning learning)
    : options_(std::move(options)), learning_(learning), index_(kIndexAtFirst) {}

RouteCounts* RequestCounts::find(std::string_view method, std::string_view route,
                                 std::uint64_t hash) {
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = hash & mask; index_[at].counts != nullptr; at = (at + 1) & mask) {
    const Place& place = index_[at];
    if (place.hash != hash) continue;
    if (place.counts->route == route && place.counts->method == method) return place.counts;
  }
  return nullptr;
}

void RequestCounts::index(RouteCounts& counts, std::uint64_t hash) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash & mask;
  while (index_[at].counts != nullptr) at = (at + 1) & mask;
  index_[at] = {hash, &counts};
}

RouteCounts& RequestCounts::add(std::string_view method, std::string_view route, bool is_given) {
  if (routes_.size() * 2 >= index_.size()) {
    index_.assign(index_.size() * 2, {});
    for (RouteCounts& each : routes_) index(each, hash_of(each.method, each.route));
  }
  routes_.emplace_back(std::string(method), std::string(route), is_given);
  index(routes_.back(), hash_of(method, route));
  if (!is_given && !is_collective(route)) learned_.insert(hash_of(route));
  return routes_.back();
}

RouteCounts& RequestCounts::overflow(std::string_view method, std::string_view route) {
  RouteCounts* found = find(method, route, hash_of(method, route));
  return found != nullptr ? *found : add(method, route, false);
}

bool RequestCounts::has_room(std::string_view route, bool is_given) const {
  if (label_sets_ >= options_->series_max) return false;
  if (learning_ == Learning::all || is_given) return true;
  return learned_.size() < options_->routes_max || learned_.count(hash_of(route)) != 0;
}

RouteCounts& RequestCounts::admit(std::string_view method, bool is_given, int status,
                                  std::uint64_t hits) {
  const bool is_proven = is_given || learning_ == Learning::all || is_proof(status) ||
                         learned_.count(hash_of(route_)) != 0 ||
                         (status != 404 && candidates_.is_proven(hash_of(route_), hits));
  if (!is_proven) return overflow(method, kUnmatched);
  if (!has_room(route_, is_given)) {
    overflowed_ += hits;
    return overflow(method, kOther);
  }
  return add(method, route_, is_given);
}

// May change where it is counted: a status that would be one label set too many.
StatusCount& RequestCounts::count_for(RouteCounts*& counts, int status, std::uint64_t hits) {
  if (StatusCount* known = counts->find(status)) return *known;
  if (label_sets_ >= options_->series_max && !is_collective(counts->route)) {
    overflowed_ += hits;
    counts = &overflow(counts->method, kOther);
    if (StatusCount* known = counts->find(status)) return *known;
  }
  ++label_sets_;
  return counts->add(status);
}

std::string_view RequestCounts::observe(const AccessEvent& event, std::int64_t now_ms) {
  const std::string_view method = known_method(event.method);
  bool is_given = true;
  if (event.route.empty()) {
    is_given = options_->routes.fold(event.target, route_);
  } else {
    route_ = event.route.substr(0, Routes::kBytesMax);
  }
  RouteCounts* counts = find(method, route_, hash_of(method, route_));
  if (counts == nullptr) counts = &admit(method, is_given, event.status, 1);
  StatusCount& count = count_for(counts, event.status, 1);
  const std::int64_t time_ms = std::min(event.time_ms.value_or(now_ms), now_ms + kAheadMsMax);
  counts->observe(event, count, options_->slow_seconds, time_ms);
  return counts->route;
}

void RequestCounts::merge(const RequestCounts& other) {
  for (const RouteCounts& theirs : other.routes_) {
    route_ = theirs.route;
    RouteCounts* counts = find(theirs.method, route_, hash_of(theirs.method, route_));
    if (counts == nullptr) {
      // Judged by the best that it was answered.
      int status = 404;
      std::uint64_t hits = 0;
      for (const StatusCount& each : theirs.statuses) {
        if (each.status != 404) hits += each.count;
        if (status == 404 || is_proof(each.status)) status = each.status;
      }
      counts = &(is_collective(route_) ? overflow(theirs.method, route_)
                                       : admit(theirs.method, theirs.is_given, status, hits));
    }
    counts->merge_rest(theirs);
    for (const StatusCount& each : theirs.statuses) {
      RouteCounts* to = counts;
      count_for(to, each.status, each.count).count += each.count;
    }
  }
  overflowed_ += other.overflowed_;
}

void RequestCounts::tidy(std::int64_t now_ms) {
  std::vector<WindowedDurations*> windows;
  for (RouteCounts& route : routes_) {
    route.window.forget(now_ms);
    windows.push_back(&route.window);
  }
  keep_within(kWindowBytesMax, windows);
}

metrics::Families RequestCounts::families() const {
  metrics::Family requests = counter("http_server_requests_total", "Requests that were answered.");
  metrics::Family durations{"http_server_request_duration_seconds",
                            "Time from a request to its answer, in seconds.",
                            metrics::Type::histogram,
                            {}};
  metrics::Family request_bytes =
      counter("http_server_request_bytes_total", "Bytes of requests, as the source counts them.");
  metrics::Family response_bytes =
      counter("http_server_response_bytes_total", "Bytes of answers, as the source counts them.");
  metrics::Family slow = counter("http_server_slow_requests_total",
                                 "Requests that took longer than requests.slow_over.");
  for (const RouteCounts& route : routes_) {
    bool has_durations = false;
    for (const StatusCount& count : route.statuses) {
      requests.samples.push_back({count.labels, static_cast<double>(count.count), {}});
    }
    for (const auto& each : route.classes) {
      if (!each) continue;
      has_durations = true;
      durations.samples.push_back({each->labels, 0, each->durations.histogram()});
    }
    const auto show = [&route](metrics::Family& family, std::uint64_t value) {
      family.samples.push_back({route.labels, static_cast<double>(value), {}});
    };
    if (route.request_bytes > 0) show(request_bytes, route.request_bytes);
    if (route.response_bytes > 0) show(response_bytes, route.response_bytes);
    if (has_durations) show(slow, route.slow);
  }
  metrics::Family overflowed =
      counter("backstay_requests_overflow_total",
              "Requests counted under the route other, because requests.max_routes or "
              "requests.max_series was reached.");
  overflowed.samples.push_back({{}, static_cast<double>(overflowed_), {}});
  return {std::move(requests),       std::move(durations), std::move(request_bytes),
          std::move(response_bytes), std::move(slow),      std::move(overflowed)};
}

void RequestCounts::save(RecordWriter& to) const {
  to.number(overflowed_);
  to.number(routes_.size());
  for (const RouteCounts& route : routes_) route.save(to);
  candidates_.save(to);
}

bool RequestCounts::load(RecordReader& from) {
  clear();
  overflowed_ = from.number();
  for (std::size_t left = from.count(kRecordBytesMin); left > 0; --left) {
    const RouteCounts loaded = RouteCounts::load(from);
    if (!from.is_good()) break;
    RouteCounts& counts = add(loaded.method, loaded.route, loaded.is_given);
    counts.merge_rest(loaded);
    for (const StatusCount& each : loaded.statuses) {
      counts.add(each.status).count = each.count;
      ++label_sets_;
    }
  }
  candidates_.load(from);
  if (!from.is_good()) clear();
  return from.is_good();
}

void RequestCounts::clear() {
  routes_.clear();
  index_.assign(kIndexAtFirst, {});
  learned_.clear();
  label_sets_ = 0;
  overflowed_ = 0;
  candidates_ = {};
}

}  // namespace backstay::requests
