#pragma once

#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "exporter/collectors/collector.h"

namespace backstay::collectors {

struct ViewLabel {
  const char* name;
  const char* expression;  // SQL; a NULL is an empty label
};

// One column that becomes one metric.
struct ViewValue {
  const char* name;
  metrics::Type type;
  const char* help;
  const char* expression;  // SQL; a NULL is a series that is not there
  int since = 0;           // server_version_num
  int before = INT_MAX;    // the first version that does not have it any more
};

// A statistics view as data: one SELECT, a series of each value for each row.
struct View {
  std::string collector;  // the value of the label `collector`
  std::vector<ViewLabel> labels;
  std::vector<ViewValue> values;
  std::string source;  // FROM … and all that follows it
  // Whether it is quick whatever there is in the database; others are not asked together.
  bool is_quick = true;
  Schedule schedule = {};
};

// The SELECT for a server of this version; empty where it has none of the values.
std::string sql_of(const View& view, int server_version);

// Reads one view in one round trip. Which columns there are is decided by the server's version
// alone, never by trying: a column that is missing would cost all the others.
class ViewCollector final : public Collector {
 public:
  explicit ViewCollector(View view) : view_(std::move(view)) {}
  [[nodiscard]] const std::string& name() const override { return view_.collector; }
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;
  [[nodiscard]] Schedule schedule() const override { return view_.schedule; }
  [[nodiscard]] bool is_quick() const override { return view_.is_quick; }
  [[nodiscard]] std::string question(int server_version) const override {
    return sql_of(view_, server_version);
  }
  [[nodiscard]] std::optional<metrics::Snapshot> answer(const pg::Rows& rows,
                                                        int server_version) override;

 private:
  const View view_;
};

}  // namespace backstay::collectors
