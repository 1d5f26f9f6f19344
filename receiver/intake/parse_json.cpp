#include "receiver/intake/parse_json.h"

#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace backstay::intake {
namespace {

using nlohmann::json;
namespace dom = simdjson::dom;

// A parser has about 14 times the size of the longest text that it has read. Each connection's
// thread keeps one for the usual texts.
constexpr std::size_t kUsualBytes = 16 * 1024;

using IsOfNoUse = bool (*)(std::string_view);

json copy(const dom::element& element, IsOfNoUse is_of_no_use);

json copy_list(const dom::array& list, IsOfNoUse is_of_no_use) {
  json made = json::array();
  for (const dom::element& element : list) made.push_back(copy(element, is_of_no_use));
  return made;
}

json copy_object(const dom::object& object, IsOfNoUse is_of_no_use) {
  json made = json::object();
  auto& fields = made.get_ref<json::object_t&>();
  // Of a name that is there twice the last one counts.
  for (const auto& [name, value] : object) {
    if (is_of_no_use != nullptr && is_of_no_use(name)) continue;
    fields.insert_or_assign(std::string(name), copy(value, is_of_no_use));
  }
  return made;
}

json copy(const dom::element& element, IsOfNoUse is_of_no_use) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return copy_list(dom::array(element), is_of_no_use);
    case dom::element_type::OBJECT:
      return copy_object(dom::object(element), is_of_no_use);
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

json parse_with(dom::parser& parser, std::string_view text, IsOfNoUse is_of_no_use) {
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return json(json::value_t::discarded);
  }
  return copy(root, is_of_no_use);
}

}  // namespace

json parse_json(std::string_view text, IsOfNoUse is_of_no_use) {
  // simdjson would hand its null pointer to memcpy.
  if (text.empty()) return json(json::value_t::discarded);
  if (text.size() > kUsualBytes) {
    dom::parser parser;
    return parse_with(parser, text, is_of_no_use);
  }
  thread_local dom::parser parser;
  return parse_with(parser, text, is_of_no_use);
}

}  // namespace backstay::intake
