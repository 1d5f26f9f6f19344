#include "receiver/policy/rules_answer.h"

#include <array>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "receiver/json_text.h"

namespace backstay {
namespace {

using nlohmann::json;

// The lists and objects around a rule, and the rule: by their keys, where they have one.
constexpr std::array<std::string_view, 6> kPlaceOfRule{"", "data", "groups", "", "rules", ""};

// Builds the document from the parser's events. The library's own callback for this is given each
// object, wherever it is, and looks through a whole list after each object in it.
class RulesReader final : public nlohmann::json_sax<json> {
 public:
  explicit RulesReader(const std::string& name) : name_(name) {}
  json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not in JSON
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool end_object() override {
    const bool is_other = is_rule() && !has_name(*open_.back().value);
    open_.pop_back();
    if (is_other) open_.back().value->get_ref<json::array_t&>().pop_back();
    return true;
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  struct Open {
    json* value;  // stays where it is: nothing is added around it while it is open
    std::string key;
  };

  json* place(json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    json& around = *open_.back().value;
    if (around.is_object()) return &(around[key_] = std::move(value));
    around.push_back(std::move(value));
    return &around.back();
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() == kJsonDepthMax) return false;
    const bool has_key = !open_.empty() && open_.back().value->is_object();
    json* placed = place(std::move(value));
    open_.push_back({placed, has_key ? key_ : ""});
    return true;
  }
  // An element of a list, so that it can be taken off the list's end.
  [[nodiscard]] bool is_rule() const {
    if (open_.size() != kPlaceOfRule.size()) return false;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (open_[i].key != kPlaceOfRule[i]) return false;
    }
    return open_[open_.size() - 2].value->is_array();
  }
  [[nodiscard]] bool has_name(const json& rule) const {
    const auto found = rule.find("name");
    return found != rule.end() && *found == name_;
  }

  const std::string& name_;
  json root_;
  std::vector<Open> open_;
  std::string key_;
};

}  // namespace

json parse_rules_answer(std::string_view body, const std::string& name) {
  RulesReader reader(name);
  if (!json::sax_parse(body, &reader)) return json(json::value_t::discarded);
  return reader.take();
}

}  // namespace backstay
