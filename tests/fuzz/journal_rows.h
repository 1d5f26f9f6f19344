#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "receiver/journal/database.h"

namespace backstay::fuzz {

// A journal in memory with the tables of a real one and none of what guards them: no NOT NULL, no
// UNIQUE, no foreign key, no trigger. Any row can be in it, as after a disk that lied, or a person
// with an editor.
class LooseJournal {
 public:
  LooseJournal();

  // Rows as people can write them down, one a line, in place of those that were there:
  //
  //   events|1|1700000000000|ci|key|alert_firing||2|Down|{"a":"b"}|1700000000000|1|NULL
  //
  // NULL is NULL, digits are a whole number, r1.5 a real one, x… bytes, "… a text that looks like
  // one of those; all else is text. What is missing at the end is NULL. Lines that name no table
  // are left out, and those beyond kRowsMax.
  static constexpr int kRowsMax = 40;
  void fill(std::string_view rows);

  [[nodiscard]] journal::Database& database() { return *database_; }

 private:
  struct Table {
    std::string name;
    std::size_t columns;
  };
  void insert(journal::Transaction& tx, const Table& table, std::string_view values);

  std::unique_ptr<journal::Database> database_;
  std::vector<Table> tables_;
};

}  // namespace backstay::fuzz
