#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::metrics {

// The labels of one series, kept as the exposition formats write them: sorted by name, escaped,
// without braces, and valid UTF-8, since one byte that is none would cost a whole scrape. So a
// scrape copies them as they are, and equal label sets are equal texts. Copies share the text,
// which nobody changes.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels() = default;
  Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<Pair>(pairs)) {}
  explicit Labels(std::vector<Pair> pairs);

  // a="x",b="y"; as long as these or a copy of them.
  [[nodiscard]] std::string_view text() const {
    return chars_ ? std::string_view(chars_.get(), size_) : std::string_view();
  }
  [[nodiscard]] bool empty() const { return chars_ == nullptr; }
  // As they were given, without the escapes. Taken apart anew: for tests and for rare use.
  [[nodiscard]] std::map<std::string, std::string> pairs() const;
  // These and one more.
  [[nodiscard]] Labels with(const std::string& name, const std::string& value) const;

  friend bool operator==(const Labels& left, const Labels& right) {
    return left.text() == right.text();
  }
  friend bool operator<(const Labels& left, const Labels& right) {
    return left.text() < right.text();
  }

 private:
  std::shared_ptr<const char[]> chars_;  // in one piece with its count; of no labels: none
  std::size_t size_ = 0;
};

}  // namespace backstay::metrics
