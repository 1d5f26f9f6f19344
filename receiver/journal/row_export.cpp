#include "receiver/journal/row_export.h"

#include <limits>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

namespace backstay::journal {
namespace {

using nlohmann::json;

std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// The first column is the rowid; the others are the table's own.
json row_of(const Statement& rows) {
  json row = json::object();
  for (int column = 1; column < rows.columns(); ++column) {
    if (rows.is_integer(column)) {
      row[rows.name(column)] = rows.integer(column);
    } else if (const auto text = rows.maybe_text(column)) {
      row[rows.name(column)] = *text;
    } else {
      row[rows.name(column)] = nullptr;
    }
  }
  return row;
}

class TableExport {
 public:
  TableExport(const Transaction& tx, std::string table,
              const std::function<void(const std::string&)>& line, Exported& exported)
      : tx_(tx), table_(std::move(table)), line_(line), exported_(exported) {}

  // A page that cannot be read is passed over in strides that double: its rows are as many as fit
  // on it, and behind the last row of the table there is nothing to find.
  void run() {
    std::int64_t stride = 1;
    for (;;) {
      const std::int64_t begin = after_;
      std::string why;
      if (read_on(why)) return;
      if (after_ > begin || stride == 1) {
        stride = 1;
        note_gap(why);
      }
      if (after_ > std::numeric_limits<std::int64_t>::max() - stride) return;
      after_ += stride;
      stride *= 2;
      if (stride > kStrideMax) return;
    }
  }

 private:
  static constexpr std::int64_t kStrideMax = std::int64_t{1} << 40U;

  // True at the table's end; otherwise why it goes no further.
  bool read_on(std::string& why) {
    try {
      Statement rows =
          tx_.prepare("SELECT rowid, * FROM \"" + table_ + "\" WHERE rowid > ? ORDER BY rowid");
      for (rows.bind(after_); rows.next();) {
        line_(line_of({{"table", table_}, {"row", row_of(rows)}}));
        after_ = rows.integer(0);
        ++exported_.rows;
      }
      return true;
    } catch (const std::runtime_error& error) {
      why = error.what();
      return false;
    }
  }

  void note_gap(const std::string& why) {
    ++exported_.gaps;
    line_(line_of({{"table", table_}, {"gap", {{"after_rowid", after_}, {"why", why}}}}));
  }

  const Transaction& tx_;
  const std::string table_;
  const std::function<void(const std::string&)>& line_;
  Exported& exported_;
  std::int64_t after_ = 0;
};

}  // namespace

Result<Exported> export_rows(Database& journal,
                             const std::function<void(const std::string&)>& line) {
  Exported exported;
  const auto read = journal.read([&](Transaction& tx) {
    std::vector<std::string> tables;
    Statement names =
        tx.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    while (names.next()) tables.push_back(names.text(0));
    for (const std::string& table : tables) TableExport(tx, table, line, exported).run();
  });
  if (!read) return fail(read.error());
  return exported;
}

}  // namespace backstay::journal
