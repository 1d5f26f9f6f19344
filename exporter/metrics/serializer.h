#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "exporter/metrics/family.h"

namespace backstay::metrics {

enum class Format {
  text,         // https://prometheus.io/docs/instrumenting/exposition_formats/
  openmetrics,  // https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
};

// Writes one page, family after family, in the order of their names, each name once. In OpenMetrics
//   - a counter is called by its name without _total, and its samples by their own; one whose name
//     does not end so, or whose shorter name another family has, is of type unknown;
//   - a counter that is negative or no number is left out, and so are a histogram's sum and its
//     count where the sum cannot be shown;
//   - a family that would take the name of another's sample (histogram a, gauge a_count) is left
//     out.
class Serializer {
 public:
  Serializer(Format format, std::size_t bytes_expected, std::size_t families_expected);

  // False: its name is taken, and none of its samples may be written. The family must outlive the
  // page.
  [[nodiscard]] bool begin(const Family& family);
  // Of the family that was begun last. False: its value cannot be shown.
  bool write(const Sample& sample);
  [[nodiscard]] std::string finish() &&;

 private:
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  bool take_names(const Family& family);
  void take_counter();
  bool take(std::initializer_list<std::string_view> suffixes);
  [[nodiscard]] bool is_taken(std::string_view name) const;
  void write_heading(const Family& family);
  void write_line(std::string_view suffix, const Labels& labels, double value);
  void write_histogram(const Sample& sample);
  void write_bucket(const Sample& sample, std::size_t number);
  void write_exemplar(const Exemplar& exemplar);

  const Format format_;
  std::string out_;
  // OpenMetrics only: names that families brought, in their order, and those that were made of one.
  std::vector<std::string_view> names_;
  std::unordered_set<std::string, NameHash, std::equal_to<>> made_names_;
  std::string_view family_name_;  // in the heading
  std::string_view sample_name_;
  Type type_ = Type::gauge;
  bool is_counter_ = false;  // of OpenMetrics' strict kind
};

}  // namespace backstay::metrics
