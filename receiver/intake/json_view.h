#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace backstay::intake {

// A JSON text of which a few values are read, by their places: "/deployment/ref". The others are
// never copied out of it: that takes several times as long as to read the text. A place that is not
// there, or has a value of another kind, gives an empty one. Of a name that is there twice the last
// one counts. Texts are read by simdjson: what is deeper than 1024, or has an integer that fits
// into no 64 bits, is no JSON. A view is of one thread, from beginning to end.
class JsonView {
 public:
  explicit JsonView(std::string_view text);
  ~JsonView();
  JsonView(const JsonView&) = delete;
  JsonView& operator=(const JsonView&) = delete;

  [[nodiscard]] bool is_object() const;  // the whole text; false where it is no JSON
  [[nodiscard]] bool is_true(std::string_view place) const;
  [[nodiscard]] std::string text(std::string_view place) const;
  // An integer, in digits.
  [[nodiscard]] std::string integer(std::string_view place) const;
  // All of what is there, as the other library has it: discarded where nothing is.
  [[nodiscard]] nlohmann::json copy(std::string_view place) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace backstay::intake
