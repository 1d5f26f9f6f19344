#include "receiver/intake/json_view.h"

#include <optional>

#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace backstay::intake {
namespace {

using nlohmann::json;
namespace dom = simdjson::dom;

// A parser has about 14 times the size of the longest text that it has read. Each connection's
// thread keeps one for the usual texts, and lends it to one view at a time: what a parser has read
// is gone with the next text.
constexpr std::size_t kUsualBytes = 16 * 1024;
thread_local dom::parser usual;
thread_local bool is_usual_lent = false;

json copy_of(const dom::element& element);

json copy_of_list(const dom::array& list) {
  json made = json::array();
  for (const dom::element& element : list) made.push_back(copy_of(element));
  return made;
}

json copy_of_object(const dom::object& object) {
  json made = json::object();
  auto& fields = made.get_ref<json::object_t&>();
  for (const auto& [name, value] : object) {
    fields.insert_or_assign(std::string(name), copy_of(value));
  }
  return made;
}

json copy_of(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return copy_of_list(dom::array(element));
    case dom::element_type::OBJECT:
      return copy_of_object(dom::object(element));
    case dom::element_type::INT64:
      // A number without a sign is an unsigned one there.
      if (std::int64_t(element) < 0) return std::int64_t(element);
      return static_cast<std::uint64_t>(std::int64_t(element));
    case dom::element_type::UINT64:
      return std::uint64_t(element);
    case dom::element_type::DOUBLE:
      return double(element);
    case dom::element_type::STRING:
      return std::string(std::string_view(element));
    case dom::element_type::BOOL:
      return bool(element);
    case dom::element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

using Found = std::optional<dom::element>;

Found member(const dom::element& of, std::string_view name) {
  Found found;
  dom::object object;
  if (of.get(object) != simdjson::SUCCESS) return found;
  for (const auto& [key, value] : object) {
    if (key == name) found = value;
  }
  return found;
}

}  // namespace

struct JsonView::Document {
  dom::parser own;  // holds nothing until it reads
  Found root;
  bool has_usual = false;

  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() {
    if (has_usual) is_usual_lent = false;
  }

  dom::parser& parser_for(std::size_t bytes) {
    if (bytes > kUsualBytes || is_usual_lent) return own;
    has_usual = is_usual_lent = true;
    return usual;
  }

  [[nodiscard]] Found at(std::string_view place) const {
    Found found = root;
    while (found && !place.empty()) {
      place.remove_prefix(1);  // the slash
      const std::string_view name = place.substr(0, place.find('/'));
      place.remove_prefix(name.size());
      found = member(*found, name);
    }
    return found;
  }
};

JsonView::JsonView(std::string_view text) : document_(std::make_unique<Document>()) {
  // simdjson would hand its null pointer to memcpy.
  if (text.empty()) return;
  dom::parser& parser = document_->parser_for(text.size());
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS) {
    document_->root = root;
  }
}

JsonView::~JsonView() = default;

bool JsonView::is_object() const { return document_->root && document_->root->is_object(); }

bool JsonView::is_true(std::string_view place) const {
  const Found found = document_->at(place);
  return found && found->is_bool() && bool(*found);
}

std::string JsonView::text(std::string_view place) const {
  const Found found = document_->at(place);
  if (!found || !found->is_string()) return "";
  return std::string(std::string_view(*found));
}

std::string JsonView::integer(std::string_view place) const {
  const Found found = document_->at(place);
  if (!found) return "";
  if (found->type() == dom::element_type::INT64) return std::to_string(std::int64_t(*found));
  if (found->type() == dom::element_type::UINT64) return std::to_string(std::uint64_t(*found));
  return "";
}

json JsonView::copy(std::string_view place) const {
  const Found found = document_->at(place);
  return found ? copy_of(*found) : json(json::value_t::discarded);
}

}  // namespace backstay::intake
