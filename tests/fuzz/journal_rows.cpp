#include "tests/fuzz/journal_rows.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "tests/fuzz/require.h"

namespace backstay::fuzz {
namespace {

using journal::Statement;
using journal::Transaction;

// What stands between two bars.
struct Value {
  std::string expression = "?";
  std::optional<std::int64_t> number;
  std::optional<std::string> text;  // neither: NULL
};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

Value value_of(std::string_view text) {
  Value value;
  if (text == "NULL") return value;
  value.number = whole_number(text);
  if (value.number) return value;
  const char kind = text.empty() ? ' ' : text.front();
  if (kind == 'r' || kind == 'x')
    value.expression = kind == 'r' ? "CAST(? AS REAL)" : "CAST(? AS BLOB)";
  if (kind == 'r' || kind == 'x' || kind == '"') text.remove_prefix(1);
  value.text = std::string(text);
  return value;
}

std::string_view take(std::string_view& text, char end) {
  const std::string_view one = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), one.size() + 1));
  return one;
}

// Names, types and the key, so that ids and affinities are the real ones.
std::string loose_table(const Transaction& tx, const std::string& name, std::size_t& columns) {
  std::string sql = "CREATE TABLE " + name + " (";
  std::string key;
  int keys = 0;
  Statement rows = tx.prepare("SELECT name, type, pk FROM pragma_table_info(?)");
  for (rows.bind(name); rows.next(); ++columns) {
    sql += (columns == 0 ? "" : ", ") + rows.text(0) + " " + rows.text(1);
    if (rows.integer(2) == 0) continue;
    ++keys;
    if (rows.text(1) == "INTEGER") key = rows.text(0);
  }
  // `steps` has its counter, which the next fencing token is made of.
  const std::string wanted = key + " INTEGER";
  if (keys == 1 && !key.empty()) {
    sql.replace(sql.find(wanted), wanted.size(),
                wanted + " PRIMARY KEY" + (key == "event_id" ? "" : " AUTOINCREMENT"));
  }
  return sql + ")";
}

}  // namespace

LooseJournal::LooseJournal() : database_(journal::Database::open(":memory:").value()) {
  const auto made = database_->write([this](Transaction& tx) {
    Statement names = tx.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    std::vector<std::pair<std::string, std::string>> loose;
    while (names.next()) {
      std::size_t columns = 0;
      loose.emplace_back(names.text(0), loose_table(tx, names.text(0), columns));
      tables_.push_back({names.text(0), columns});
    }
    tx.prepare("PRAGMA defer_foreign_keys=ON").run();
    for (const auto& [name, sql] : loose) tx.prepare("DROP TABLE " + name).run();
    for (const auto& [name, sql] : loose) tx.prepare(sql).run();
  });
  require(made.has_value());
  tables_.push_back({"sqlite_sequence", 2});
}

void LooseJournal::insert(Transaction& tx, const Table& table, std::string_view text) {
  std::vector<Value> values(table.columns);
  std::string sql = "INSERT OR IGNORE INTO " + table.name + " VALUES (";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!text.empty()) values[i] = value_of(take(text, '|'));
    sql += (i == 0 ? "" : ", ") + values[i].expression;
  }
  Statement insert = tx.prepare(sql + ")");
  for (const Value& value : values) {
    value.number ? insert.bind(*value.number) : insert.bind(value.text);
  }
  try {
    insert.run();
  } catch (const std::runtime_error&) {
    // The key of a table is a whole number, whatever else is loose.
  }
}

void LooseJournal::fill(std::string_view rows) {
  const auto clear = [this](Transaction& tx) {
    for (const Table& table : tables_) tx.prepare("DELETE FROM " + table.name).run();
  };
  const auto written = database_->write([&](Transaction& tx) {
    clear(tx);
    for (int row = 0; row < kRowsMax && !rows.empty(); ++row) {
      std::string_view line = take(rows, '\n');
      const std::string_view name = take(line, '|');
      const auto table = std::find_if(tables_.begin(), tables_.end(),
                                      [&](const Table& each) { return each.name == name; });
      if (table != tables_.end()) insert(tx, *table, line);
    }
  });
  // A counter at its end is a full database, which takes back the whole transaction: no rows then.
  if (!written) require(database_->write(clear).has_value());
}

}  // namespace backstay::fuzz
