#pragma once

#include <array>
#include <cstdint>

#include "base/record.h"

namespace backstay::requests {

// How often paths were asked for that are no routes yet, in fixed memory: of two that fall on one
// place the later one starts anew. So whoever asks for a path once, as a scanner does, leaves
// nothing behind, and what is asked for again and again is noticed.
class RouteCandidates {
 public:
  // True once it has been asked for kHitsToLearn times.
  bool is_proven(std::uint64_t route_hash, std::uint64_t hits);

  // So that after a restart the same requests make the same routes.
  void save(RecordWriter& to) const;
  void load(RecordReader& from);

  static constexpr std::uint64_t kHitsToLearn = 10;

 private:
  struct Place {
    std::uint64_t hash = 0;
    std::uint64_t hits = 0;
  };
  std::array<Place, 1024> places_{};
};

}  // namespace backstay::requests
