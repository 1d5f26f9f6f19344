#include "exporter/metrics/serializer.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "exporter/metrics/escape.h"
#include "exporter/metrics/number.h"

namespace backstay::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::string_view kTotal = "_total";

const char* type_word(Type type, Format format) {
  switch (type) {
    case Type::counter:
      return "counter";
    case Type::gauge:
      return "gauge";
    case Type::histogram:
      return "histogram";
    case Type::untyped:
      break;
  }
  return format == Format::text ? "untyped" : "unknown";
}

bool ends_in_total(std::string_view name) {
  return name.size() > kTotal.size() && name.ends_with(kTotal);
}

}  // namespace

Serializer::Serializer(Format format, std::size_t bytes_expected, std::size_t families_expected)
    : format_(format) {
  out_.reserve(bytes_expected);
  if (format == Format::openmetrics) names_.reserve(families_expected);
}

bool Serializer::is_taken(std::string_view name) const {
  return made_names_.contains(name) || std::binary_search(names_.begin(), names_.end(), name);
}

// Names made of family_name_, all of them or none.
bool Serializer::take(std::initializer_list<std::string_view> suffixes) {
  std::vector<std::string> made;
  for (std::string_view suffix : suffixes) made.emplace_back(family_name_).append(suffix);
  if (std::any_of(made.begin(), made.end(), [this](auto& name) { return is_taken(name); })) {
    return false;
  }
  made_names_.insert(std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  return true;
}

// Families come in the order of their names, so whoever could be in the way came before.
bool Serializer::take_names(const Family& family) {
  family_name_ = family.name;
  sample_name_ = family.name;
  type_ = family.type;
  is_counter_ = false;
  if (format_ == Format::text) return true;
  if (made_names_.contains(sample_name_)) return false;
  if (type_ == Type::histogram && !take({"_bucket", "_count", "_sum", "_created"})) return false;
  if (type_ == Type::counter) take_counter();
  names_.push_back(sample_name_);
  return true;
}

void Serializer::take_counter() {
  if (ends_in_total(sample_name_)) {
    family_name_.remove_suffix(kTotal.size());
    is_counter_ = take({"", "_created"});
  }
  if (is_counter_) return;
  family_name_ = sample_name_;
  type_ = Type::untyped;
}

void Serializer::write_heading(const Family& family) {
  if (!family.help.empty()) {
    out_.append("# HELP ").append(family_name_).append(1, ' ');
    if (format_ == Format::openmetrics) {
      append_escaped(out_, family.help);
    } else {
      append_escaped_but_quotes(out_, family.help);
    }
    out_ += '\n';
  }
  out_.append("# TYPE ").append(family_name_).append(1, ' ');
  out_.append(type_word(type_, format_)).append(1, '\n');
}

bool Serializer::begin(const Family& family) {
  if (!take_names(family)) return false;
  write_heading(family);
  return true;
}

void Serializer::write_line(std::string_view suffix, const Labels& labels, double value) {
  out_.append(sample_name_).append(suffix);
  if (!labels.empty()) out_.append(1, '{').append(labels.text()).append(1, '}');
  out_ += ' ';
  append_value(out_, value);
  out_ += '\n';
}

void Serializer::write_exemplar(const Exemplar& exemplar) {
  if (exemplar.labels.empty()) return;
  out_.append(" # {").append(exemplar.labels.text()).append("} ");
  append_value(out_, exemplar.value);
  out_ += ' ';
  append_value(out_, exemplar.unix_seconds);
}

// The one behind the last is that of +Inf.
void Serializer::write_bucket(const Sample& sample, std::size_t number) {
  const Histogram& histogram = sample.histogram;
  const bool is_last = number == histogram.buckets.size();
  const auto [bound, count] =
      is_last ? std::pair(kInfinity, histogram.count) : histogram.buckets[number];
  out_.append(sample_name_).append("_bucket{").append(sample.labels.text());
  out_.append(sample.labels.empty() ? "le=\"" : ",le=\"");
  if (format_ == Format::text) {
    append_value(out_, bound);
  } else {
    append_canonical_bound(out_, bound);
  }
  out_ += "\"} ";
  append_value(out_, static_cast<double>(count));
  const bool has_exemplar = format_ == Format::openmetrics && histogram.exemplars;
  if (has_exemplar) write_exemplar((*histogram.exemplars)[number]);
  out_ += '\n';
}

void Serializer::write_histogram(const Sample& sample) {
  const Histogram& histogram = sample.histogram;
  const bool is_signed = !histogram.buckets.empty() && histogram.buckets.front().first < 0;
  const bool has_sum = format_ == Format::text || (histogram.sum >= 0 && !is_signed);
  if (has_sum) {
    write_line("_count", sample.labels, static_cast<double>(histogram.count));
    write_line("_sum", sample.labels, histogram.sum);
  }
  for (std::size_t i = 0; i < histogram.buckets.size(); ++i) write_bucket(sample, i);
  if (histogram.buckets.empty() || histogram.buckets.back().first != kInfinity) {
    write_bucket(sample, histogram.buckets.size());
  }
}

bool Serializer::write(const Sample& sample) {
  if (type_ == Type::histogram) {
    write_histogram(sample);
    return true;
  }
  const bool can_be_shown = !is_counter_ || sample.value >= 0;  // NaN is not
  if (can_be_shown) write_line("", sample.labels, sample.value);
  return can_be_shown;
}

std::string Serializer::finish() && {
  if (format_ == Format::openmetrics) out_ += "# EOF\n";
  return std::move(out_);
}

}  // namespace backstay::metrics
