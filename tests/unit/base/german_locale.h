#pragma once

#include <locale>
#include <string>

namespace backstay::test {

// Makes C++ write 1234.5 as "1.234,5" for as long as it lives. Built from a facet, so that the test
// needs no locale installed.
class GermanLocale {
 public:
  GermanLocale() : before_(std::locale::global(std::locale(std::locale(), new Punctuation()))) {}
  ~GermanLocale() { std::locale::global(before_); }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;

 private:
  class Punctuation final : public std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };

  std::locale before_;
};

}  // namespace backstay::test
