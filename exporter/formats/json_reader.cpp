#include "exporter/formats/json_reader.h"

#include <cstring>

#include <simdjson.h>

#include "base/utf8.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {
namespace {

namespace ondemand = simdjson::ondemand;

// The field's name without its quotes. simdjson tells where it and the value begin, and that only
// the second quote, a colon and blanks lie between.
std::string_view name_of(const char* name, const char* value) {
  const char* end = value - 1;
  while (end > name && *end != '"') --end;
  return {name, static_cast<std::size_t>(end - name)};
}

// A token reaches to the next one, with the blanks between them.
std::string_view without_blanks(std::string_view token) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (is_blank(token.back())) token.remove_suffix(1);  // its first byte is none
  return token;
}

// Most texts are too short to be worth a call of memchr.
bool has_backslash(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    const std::uint64_t is_zero = bytes ^ (kOnes * '\\');
    if (((is_zero - kOnes) & ~is_zero & (kOnes << 7)) != 0) return true;
    text.remove_prefix(sizeof bytes);
  }
  for (const char c : text) {
    if (c == '\\') return true;
  }
  return false;
}

// An escape that JSON does not have, as nginx's \x22 where its log_format lacks escape=json, is no
// reason to lose a request: the text stays as it is written.
std::string_view text_of_string(ondemand::value& value, std::string_view token) {
  const std::string_view raw = token.substr(1, token.rfind('"') - 1);
  if (!has_backslash(raw)) return raw;
  std::string_view unescaped;
  return value.get_string().get(unescaped) == simdjson::SUCCESS ? unescaped : raw;
}

}  // namespace

// The engine. simdjson finds a line's tokens with the widest instructions that the processor has,
// chosen when the program starts; what is inlined here only steps from one token to the next.
class JsonReader::Walk {
 public:
  Walk(const JsonFieldIndex& index, JsonValues& values) : index_(index), values_(values) {
    if (parser_.allocate(kLineBytesMax) != simdjson::SUCCESS) throw std::bad_alloc();
  }

  simdjson::error_code line(std::string_view line) {
    ondemand::document document;
    const auto error = parser_.iterate(line, line.size() + kReadableBeyond).get(document);
    if (error != simdjson::SUCCESS) return error;
    ondemand::object fields;
    if (const auto no_object = document.get_object().get(fields)) return no_object;
    if (const auto broken = object(fields, JsonFieldIndex::kLine)) return broken;
    // Two objects in a line are two writers that were not told of each other.
    const bool is_at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return is_at_end ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }

 private:
  // No deeper than a path of the table, however deep the line is.
  simdjson::error_code object(ondemand::object& object, std::uint16_t place) {
    for (auto field : object) {
      ondemand::field one;
      if (const auto error = std::move(field).get(one)) return error;
      const std::string_view token = one.value().raw_json_token();
      const std::string_view name = name_of(one.key().raw(), token.data());
      const JsonFieldIndex::Node* node = index_.find(place, name);
      if (node == nullptr) continue;
      if (const auto error = keep(*node, one.value(), token)) return error;
    }
    return simdjson::SUCCESS;
  }

  simdjson::error_code keep(const JsonFieldIndex::Node& node, ondemand::value& value,
                            std::string_view token) {
    if (token.front() == '{' && node.object != 0) {
      ondemand::object inner;
      if (const auto error = value.get_object().get(inner)) return error;
      return object(inner, node.object);
    }
    if (node.is_field()) return keep_scalar(node, value, token);
    return simdjson::SUCCESS;
  }

  simdjson::error_code keep_scalar(const JsonFieldIndex::Node& node, ondemand::value& value,
                                   std::string_view token) {
    const char first = token.front();
    if (first == '"') {
      const std::string_view text = text_of_string(value, token);
      if (!text.empty() && text != "-") values_.set(node, text);
    } else if (first == '-' || (first >= '0' && first <= '9')) {
      values_.set(node, without_blanks(token));
    } else if (first == '{' || first == '[' || first == 't' || first == 'f') {
      values_.set_misplaced(node.role);
    } else if (first != 'n') {
      return simdjson::TAPE_ERROR;
    }
    return simdjson::SUCCESS;
  }

  ondemand::parser parser_;
  const JsonFieldIndex& index_;
  JsonValues& values_;
};

JsonReader::JsonReader(const std::vector<JsonField>& table)
    : index_(table), walk_(std::make_unique<Walk>(index_, values_)) {}

JsonReader::~JsonReader() = default;

std::optional<RejectReason> JsonReader::read(std::string_view line) {
  if (line.size() > kLineBytesMax) return RejectReason::too_long;
  values_.clear();
  if (line.empty()) return RejectReason::empty;
  const auto error = walk_->line(line);
  if (error == simdjson::SUCCESS) return std::nullopt;
  // What clients send in a path or a name goes into some logs as it is, whatever bytes it has: they
  // must not be able to keep their requests out of the figures.
  if (error == simdjson::UTF8_ERROR) {
    repaired_ = valid_utf8(line);
    repaired_.append(kReadableBeyond, ' ');
    values_.clear();
    const std::string_view repaired(repaired_.data(), repaired_.size() - kReadableBeyond);
    if (walk_->line(repaired) == simdjson::SUCCESS) return std::nullopt;
  }
  return reject(line);
}

std::optional<RejectReason> JsonReader::reject(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return RejectReason::control_characters;
  const bool is_blank = line.find_first_not_of(" \t\r") == std::string_view::npos;
  return is_blank ? RejectReason::empty : RejectReason::not_json;
}

}  // namespace backstay::formats
