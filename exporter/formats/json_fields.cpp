#include "exporter/formats/json_fields.h"

#include <array>
#include <bit>
#include <cstring>

namespace backstay::formats {
namespace {

struct RoleName {
  FieldRole role;
  std::string_view name;
};
constexpr std::array<RoleName, 17> kRoleNames{{
    {FieldRole::request, "request"},
    {FieldRole::method, "method"},
    {FieldRole::target, "target"},
    {FieldRole::route, "route"},
    {FieldRole::status, "status"},
    {FieldRole::request_bytes, "request_bytes"},
    {FieldRole::response_bytes, "response_bytes"},
    {FieldRole::duration_s, "duration_s"},
    {FieldRole::duration_ms, "duration_ms"},
    {FieldRole::duration_us, "duration_us"},
    {FieldRole::duration_ns, "duration_ns"},
    {FieldRole::time, "time"},
    {FieldRole::request_id, "request_id"},
    {FieldRole::in_flight, "in_flight"},
    {FieldRole::level, "level"},
    {FieldRole::message, "message"},
    {FieldRole::stack, "stack"},
}};

std::uint64_t load(const char* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The bytes of the first eight that belong to a name of this size.
std::uint64_t head_of(const char* name, std::size_t size) {
  const std::uint64_t head = load(name);
  if (size >= 8) return head;
  static_assert(std::endian::native == std::endian::little);
  return head & ((std::uint64_t{1} << (8 * size)) - 1);
}

std::uint64_t tail_of(std::string_view name, std::uint64_t head) {
  return name.size() <= 8 ? head : load(name.data() + name.size() - 8);
}

}  // namespace

std::string_view to_string(FieldRole role) {
  for (const RoleName& row : kRoleNames) {
    if (row.role == role) return row.name;
  }
  return {};
}

std::optional<FieldRole> parse_field_role(std::string_view name) {
  for (const RoleName& row : kRoleNames) {
    if (row.name == name) return row.role;
  }
  return std::nullopt;
}

JsonFieldIndex::JsonFieldIndex(const std::vector<JsonField>& rows) {
  // A path with n dots is found in 2^n ways, since a dot may be in a name or lead into an object;
  // the parts of a path need slots too. Nearly all look-ups are of other names, and end at a free
  // slot.
  std::size_t ways = 0;
  for (const JsonField& row : rows) {
    std::size_t of_row = 1;
    for (const char c : row.path) of_row *= c == '.' ? 2 : 1;
    ways += 2 * of_row;
  }
  slots_.resize(std::bit_ceil(4 * ways + 1));
  std::uint8_t rank = 0;
  for (const JsonField& row : rows) add_path(kLine, row.path, rank++, row.role);
}

void JsonFieldIndex::add_path(std::uint16_t object, std::string_view path, std::uint8_t rank,
                              FieldRole role) {
  Node& field = add(object, path);
  if (!field.is_field()) {
    field.rank = rank;
    field.role = role;
  }
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    Node& node = add(object, path.substr(0, dot));
    if (node.object == 0) node.object = ++objects_;
    add_path(node.object, path.substr(dot + 1), rank, role);
  }
}

std::size_t JsonFieldIndex::first_slot(std::uint64_t head, std::uint64_t tail,
                                       std::uint16_t object) const {
  const std::uint64_t mixed =
      (head ^ std::rotl(tail, 23) ^ (std::uint64_t{object} << 48)) * 0x9e3779b97f4a7c15U;
  return (mixed >> 32) & (slots_.size() - 1);
}

JsonFieldIndex::Node& JsonFieldIndex::add(std::uint16_t object, std::string_view name) {
  std::string padded(name);
  padded.append(8, '\0');
  const std::uint64_t head = head_of(padded.data(), name.size());
  const std::uint64_t tail = tail_of(name, head);
  std::size_t at = first_slot(head, tail, object);
  for (; slots_[at].object != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].object == object && slots_[at].name == name) return slots_[at].node;
  }
  slots_[at] = {head, tail, static_cast<std::uint32_t>(name.size()), object, {}, std::string(name)};
  return slots_[at].node;
}

const JsonFieldIndex::Node* JsonFieldIndex::find(std::uint16_t object,
                                                 std::string_view name) const {
  const std::uint64_t head = head_of(name.data(), name.size());
  const std::uint64_t tail = tail_of(name, head);
  std::size_t at = first_slot(head, tail, object);
  for (;; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.object == 0) return nullptr;
    if (slot.head == head && slot.tail == tail && slot.object == object &&
        slot.size == name.size() && (slot.size <= 16 || slot.name == name)) {
      return &slot.node;
    }
  }
}

}  // namespace backstay::formats
