#include "exporter/requests/route_counts.h"

#include <utility>

namespace backstay::requests {
namespace {

constexpr std::size_t kStatusBytes = 16;  // of one status in a record

}  // namespace

RouteCounts::RouteCounts(std::string method_name, std::string route_name, bool route_is_given)
    : method(std::move(method_name)),
      route(std::move(route_name)),
      is_given(route_is_given),
      labels({{"http_request_method", method}, {"http_route", route}}) {}

StatusCount* RouteCounts::find(int status) {
  for (StatusCount& count : statuses) {
    if (count.status == status) return &count;
  }
  return nullptr;
}

StatusCount& RouteCounts::add(int status) {
  statuses.push_back({status, 0, labels.with("http_response_status_code", std::to_string(status))});
  return statuses.back();
}

RouteCounts::OfClass& RouteCounts::of_class(int status_class) {
  auto& found = classes[static_cast<std::size_t>(status_class - 1)];
  if (!found) {
    found = std::make_unique<OfClass>();
    found->labels = labels.with("http_response_status_class", std::to_string(status_class) + "xx");
  }
  return *found;
}

void RouteCounts::observe(const formats::AccessEvent& event, StatusCount& count,
                          double slow_seconds, std::int64_t time_ms) {
  ++count.count;
  request_bytes += event.request_bytes.value_or(0);
  response_bytes += event.response_bytes.value_or(0);
  window.observe(time_ms, event.status, event.duration_seconds);
  if (!event.duration_seconds) return;
  of_class(event.status / 100)
      .durations.observe(*event.duration_seconds, event.request_id, time_ms);
  if (*event.duration_seconds > slow_seconds) ++slow;
}

void RouteCounts::merge_rest(const RouteCounts& other) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (!other.classes[i]) continue;
    of_class(static_cast<int>(i) + 1).durations.merge(other.classes[i]->durations);
  }
  request_bytes += other.request_bytes;
  response_bytes += other.response_bytes;
  slow += other.slow;
  window.merge(other.window);
}

void RouteCounts::save(RecordWriter& to) const {
  to.text(method);
  to.text(route);
  to.number(is_given ? 1 : 0);
  to.number(statuses.size());
  for (const StatusCount& count : statuses) {
    to.number(static_cast<std::uint64_t>(count.status));
    to.number(count.count);
  }
  for (const auto& each : classes) {
    to.number(each ? 1 : 0);
    if (each) each->durations.save(to);
  }
  to.number(request_bytes);
  to.number(response_bytes);
  to.number(slow);
}

RouteCounts RouteCounts::load(RecordReader& from) {
  std::string method(from.text());
  std::string route(from.text());
  RouteCounts loaded(std::move(method), std::move(route), from.number() != 0);
  for (std::size_t left = from.count(kStatusBytes); left > 0; --left) {
    const int status = static_cast<int>(from.number());
    loaded.add(status).count = from.number();
  }
  for (std::size_t i = 0; i < loaded.classes.size(); ++i) {
    if (from.number() != 0) loaded.of_class(static_cast<int>(i) + 1).durations.load(from);
  }
  loaded.request_bytes = from.number();
  loaded.response_bytes = from.number();
  loaded.slow = from.number();
  return loaded;
}

}  // namespace backstay::requests
