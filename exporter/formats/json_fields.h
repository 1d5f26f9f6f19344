#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::formats {

// What a field of a JSON log says about a request, or about an error.
enum class FieldRole : std::uint8_t {
  request,  // the whole line: "GET /path HTTP/1.1"
  method,
  target,
  route,
  status,
  request_bytes,
  response_bytes,
  duration_s,
  duration_ms,
  duration_us,
  duration_ns,
  time,
  request_id,
  in_flight,
  level,
  message,
  stack,
  kind,           // which of its logs the source means, where it sends several
  start_time,     // with `time`: how long it took
  first_byte_ms,  // how long it took at least, where nothing better is known
};
inline constexpr std::size_t kFieldRoles = 20;

// The names of the roles that a configuration may give a field: up to and with `stack`.
std::string_view to_string(FieldRole role);
std::optional<FieldRole> parse_field_role(std::string_view name);

// One row of a format's table. path: "status", or "res.statusCode" for the field statusCode of the
// object res, or for one whose own name has the dot. Where several rows have one role, the first
// of them that a line has counts.
struct JsonField {
  FieldRole role;
  std::string_view path;
};

// Finds what a field is by its name, in the object where it stands: one look-up of some
// nanoseconds, since every field of every line asks.
class JsonFieldIndex {
 public:
  // A field that a role is read from, an object in which such fields stand, or both.
  struct Node {
    std::uint16_t object = 0;  // where its own fields are looked up; 0: nowhere
    std::uint8_t rank = kNoRank;
    FieldRole role{};
    [[nodiscard]] bool is_field() const { return rank != kNoRank; }
  };
  static constexpr std::uint8_t kNoRank = 255;
  static constexpr std::uint16_t kLine = 1;  // the object that a line is

  // rows: at most 250, each path with few dots, as with n it takes 2^n places; of two with one path
  // the first counts.
  explicit JsonFieldIndex(const std::vector<JsonField>& rows);
  // 8 bytes from the name's begin on must be readable. nullptr: nobody asks for it.
  [[nodiscard]] const Node* find(std::uint16_t object, std::string_view name) const;

 private:
  struct Slot {
    std::uint64_t head = 0;  // the name's first and last eight bytes: most names are no longer
    std::uint64_t tail = 0;
    std::uint32_t size = 0;
    std::uint16_t object = 0;  // 0: free
    Node node;
    std::string name;
  };
  Node& add(std::uint16_t object, std::string_view name);
  void add_path(std::uint16_t object, std::string_view path, std::uint8_t rank, FieldRole role);
  [[nodiscard]] std::size_t first_slot(std::uint64_t head, std::uint64_t tail,
                                       std::uint16_t object) const;

  std::vector<Slot> slots_;
  std::uint16_t objects_ = kLine;
};

}  // namespace backstay::formats
