#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/record.h"
#include "exporter/formats/access_event.h"
#include "exporter/metrics/family.h"
#include "exporter/requests/request_options.h"
#include "exporter/requests/route_candidates.h"
#include "exporter/requests/route_counts.h"

namespace backstay::requests {

// Counts requests, in bounded memory:
//   http_server_requests_total{http_request_method, http_route, http_response_status_code}
//   http_server_request_duration_seconds{http_request_method, http_route,
//                                        http_response_status_class}
//   http_server_request_bytes_total, http_server_response_bytes_total,
//   http_server_slow_requests_total{http_request_method, http_route}
// Unknown methods are "_OTHER". Routes that a template or the source gives are taken as they are.
// One that was learned from a path must have been answered 2xx or 500, or otherwise than 404 many
// times: until then it counts as "unmatched", or scanners would make routes at will. Above
// routes_max learned routes, and above series_max label sets, further ones count as "other": totals
// stay exact and no counter goes back. Not thread-safe.
class RequestCounts {
 public:
  enum class Learning {
    proven,  // as above
    all,     // every path is a route: of a batch, until merge() judges them
  };
  RequestCounts(std::shared_ptr<const RequestOptions> options, Learning learning);

  // Returns the route under which it was counted, valid until the next call. now_ms: for a request
  // that does not say when it was.
  std::string_view observe(const formats::AccessEvent& event, std::int64_t now_ms);
  // As if all that the other has observed had been observed here.
  void merge(const RequestCounts& other);

  // To be called every minute or so: frees what the report no longer needs, or may not take.
  void tidy(std::int64_t now_ms);

  [[nodiscard]] metrics::Families families() const;
  [[nodiscard]] const std::deque<RouteCounts>& routes() const { return routes_; }

  void save(RecordWriter& to) const;
  // False where the record is damaged: then it is empty.
  bool load(RecordReader& from);
  void clear();

 private:
  RouteCounts* find(std::string_view method, std::string_view route, std::uint64_t hash);
  RouteCounts& add(std::string_view method, std::string_view route, bool is_given);
  // Where a request goes for whose route there is no entry yet.
  RouteCounts& admit(std::string_view method, bool is_given, int status, std::uint64_t hits);
  RouteCounts& overflow(std::string_view method, std::string_view route);
  [[nodiscard]] bool has_room(std::string_view route, bool is_given) const;
  StatusCount& count_for(RouteCounts*& counts, int status, std::uint64_t hits);
  void index(RouteCounts& counts, std::uint64_t hash);

  const std::shared_ptr<const RequestOptions> options_;
  const Learning learning_;
  std::deque<RouteCounts> routes_;
  struct Place {
    std::uint64_t hash = 0;
    RouteCounts* counts = nullptr;
  };
  std::vector<Place> index_;  // by hash, the next free place where two fall on one
  std::unordered_set<std::uint64_t> learned_;
  std::size_t label_sets_ = 0;
  std::uint64_t overflowed_ = 0;
  RouteCandidates candidates_;
  std::string route_;  // used again from call to call
};

}  // namespace backstay::requests
