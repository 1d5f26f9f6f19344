#include "exporter/requests/route_candidates.h"

#include <algorithm>

namespace backstay::requests {

bool RouteCandidates::is_proven(std::uint64_t route_hash, std::uint64_t hits) {
  Place& place = places_[route_hash % places_.size()];
  if (place.hash != route_hash) place = {route_hash, 0};
  place.hits += hits;
  return place.hits >= kHitsToLearn;
}

void RouteCandidates::save(RecordWriter& to) const {
  const auto is_taken = [](const Place& place) { return place.hits > 0; };
  to.number(static_cast<std::uint64_t>(std::count_if(places_.begin(), places_.end(), is_taken)));
  for (const Place& place : places_) {
    if (!is_taken(place)) continue;
    to.number(place.hash);
    to.number(place.hits);
  }
}

void RouteCandidates::load(RecordReader& from) {
  places_ = {};
  for (std::size_t left = from.count(sizeof(Place)); left > 0; --left) {
    const std::uint64_t hash = from.number();
    places_[hash % places_.size()] = {hash, from.number()};
  }
}

}  // namespace backstay::requests
