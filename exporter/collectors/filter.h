#pragma once

#include <set>
#include <string>
#include <utility>

namespace backstay::collectors {

// Which collectors a scrape asks for, by their names: all of them, only some (collect[]), or all
// but some (exclude[]). A value.
class CollectorFilter {
 public:
  CollectorFilter() = default;  // all
  static CollectorFilter only(std::set<std::string> names) {
    return {Kind::only, std::move(names)};
  }
  static CollectorFilter all_but(std::set<std::string> names) {
    return {Kind::all_but, std::move(names)};
  }

  [[nodiscard]] bool asks_for(const std::string& name) const {
    return (names_.count(name) != 0) == (kind_ == Kind::only);
  }
  // Whether what belongs to no collector is wanted too: requests, logs, health. Who names the
  // collectors that they want, wants nothing else.
  [[nodiscard]] bool is_open() const { return kind_ == Kind::all_but; }
  friend bool operator==(const CollectorFilter&, const CollectorFilter&) = default;

 private:
  enum class Kind { only, all_but };
  CollectorFilter(Kind kind, std::set<std::string> names) : kind_(kind), names_(std::move(names)) {}

  Kind kind_ = Kind::all_but;
  std::set<std::string> names_;
};

}  // namespace backstay::collectors
