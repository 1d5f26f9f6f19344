#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/formats/access_event.h"
#include "exporter/formats/json_fields.h"

namespace backstay::formats {

// What a line has for each role. The texts point into the line or the reader, until its next line.
class JsonValues {
 public:
  // A text without its quotes, or a number as it was written; empty where the line has neither:
  // null, "" and nginx's "-" say nothing either.
  [[nodiscard]] std::string_view text(FieldRole role) const {
    return has(role) ? values_[static_cast<std::size_t>(role)].text : std::string_view();
  }
  [[nodiscard]] bool has(FieldRole role) const { return (set_ & bit(role)) != 0; }
  // It stands there as an object, an array, true or false, and in no other field of the role.
  [[nodiscard]] bool is_misplaced(FieldRole role) const {
    return (misplaced_ & ~set_ & bit(role)) != 0;
  }
  [[nodiscard]] bool is_any_misplaced() const { return (misplaced_ & ~set_) != 0; }

  void clear() { set_ = misplaced_ = 0; }
  void set(const JsonFieldIndex::Node& node, std::string_view text) {
    Value& value = values_[static_cast<std::size_t>(node.role)];
    if (has(node.role) && node.rank > value.rank) return;
    value = {text, node.rank};
    set_ |= bit(node.role);
  }
  void set_misplaced(FieldRole role) { misplaced_ |= bit(role); }

 private:
  struct Value {
    std::string_view text;
    std::uint8_t rank = 0;
  };
  static std::uint32_t bit(FieldRole role) { return 1U << static_cast<unsigned>(role); }

  std::array<Value, kFieldRoles> values_;
  std::uint32_t set_ = 0;
  std::uint32_t misplaced_ = 0;
};

// Reads lines that are JSON objects, in one pass over the fields of each: those of a table are
// kept, all others are passed over without a look inside. Of a field that is there twice the last
// counts, as with JSON.parse. Nothing is allocated for a line that is UTF-8. For one thread.
class JsonReader {
 public:
  explicit JsonReader(const std::vector<JsonField>& table);
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;
  ~JsonReader();

  // kReadableBeyond bytes behind the line must be readable. The reason, or none: see values().
  [[nodiscard]] std::optional<RejectReason> read(std::string_view line);
  [[nodiscard]] const JsonValues& values() const { return values_; }

 private:
  class Walk;
  std::optional<RejectReason> reject(std::string_view line);

  const JsonFieldIndex index_;
  JsonValues values_;
  std::string repaired_;  // a line with bytes that are no UTF-8, which stand for no letter now
  const std::unique_ptr<Walk> walk_;
};

}  // namespace backstay::formats
