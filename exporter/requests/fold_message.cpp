#include "exporter/requests/fold_message.h"

#include <algorithm>
#include <array>

#include "base/secret_names.h"
#include "exporter/requests/fold_word.h"
#include "exporter/requests/routes.h"

namespace backstay::requests {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_space(char c) { return static_cast<unsigned char>(c) <= ' '; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
// What may be inside of a word that stands for one thing; all else ends it.
bool is_inner(char c) {
  return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':' || c == '/' || c == '@' ||
         c == '%' || c == '+' || c == '~';
}
bool is_piece(char c) { return is_alnum(c) || c == '_' || c == '.'; }

constexpr std::array<std::string_view, 19> kCalendar{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
    "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 2> kZones{"GMT", "UTC"};

class Folder {
 public:
  Folder(std::string_view text, std::string& out) : text_(text), out_(out) { out_.clear(); }

  void run() {
    while (!text_.empty()) {
      if (is_space(text_.front())) {
        text_.remove_prefix(1);
        if (!out_.empty() && out_.back() != ' ') out_.push_back(' ');
      } else if (is_quote(text_.front()) && take_quoted()) {
        continue;
      } else if (is_inner(text_.front())) {
        take_word();
      } else {
        take(1);
      }
    }
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  }

 private:
  void take(std::size_t count) {
    out_ += text_.substr(0, count);
    text_.remove_prefix(count);
  }

  // A quote inside of a word is an apostrophe, and one that is not closed quotes nothing.
  bool take_quoted() {
    if (!out_.empty() && is_alnum(out_.back())) return false;
    const char quote = text_.front();
    for (std::size_t end = text_.find(quote, 1); end != kNone; end = text_.find(quote, end + 1)) {
      if (text_[end - 1] == '\\') continue;
      const bool is_inside = end + 1 < text_.size() && is_alnum(text_[end + 1]);
      if (is_inside) continue;
      text_.remove_prefix(end + 1);
      out_ += "<quoted>";
      return true;
    }
    return false;
  }

  void take_word() {
    const bool is_joint = text_.front() == '-' || text_.front() == '+';  // job-9: no sign
    if (is_joint && !out_.empty() && is_alnum(out_.back())) return take(1);
    std::size_t end = static_cast<std::size_t>(
        std::find_if_not(text_.begin(), text_.end(), is_inner) - text_.begin());
    if (text_.substr(0, end).find("://") != kNone) {
      end = std::min(text_.find_first_of(" \t\r\n\"'`<>"), text_.size());
    }
    std::string_view word = text_.substr(0, end);
    // Whatever ends a sentence or a bracket is not of the word.
    word = word.substr(0, std::max<std::size_t>(word.find_last_not_of(".:/,;)]}") + 1, 1));
    const bool is_plain = std::all_of(word.begin(), word.end(), is_letter);
    const std::string_view kind = is_plain ? std::string_view() : variable_kind(word);
    if (!kind.empty()) {
      text_.remove_prefix(word.size());
      put_kind(kind, word);
    } else if (is_plain && word.size() != 3) {
      take(word.size());
      take_secret(word);
    } else if (word.size() > 1 && (word.front() == '/' || word.starts_with("./"))) {
      put_path(word);
    } else if (is_alnum(word.front()) && (is_calendar(word) || is_zone(word))) {
      text_.remove_prefix(word.size());
      put_date();
    } else {
      take_piece();
    }
  }

  // The first piece of a word that as a whole is nothing known: user_id=42, order-17, items:3.
  void take_piece() {
    std::size_t end = static_cast<std::size_t>(
        std::find_if_not(text_.begin(), text_.end(), is_piece) - text_.begin());
    if (end == 0) return take(1);
    while (end > 1 && text_[end - 1] == '.') --end;
    const std::string_view piece = text_.substr(0, end);
    const std::string_view kind = variable_kind(piece);
    if (!kind.empty()) {
      text_.remove_prefix(end);
      return put_kind(kind, piece);
    }
    put_digits_behind_joints(piece);
    text_.remove_prefix(end);
    take_secret(piece);
  }

  // user_42 and job.17 vary, sha256 and v2 do not.
  void put_digits_behind_joints(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const bool is_joined = i > 0 && (piece[i - 1] == '_' || piece[i - 1] == '.');
      std::size_t end = i;
      while (is_joined && end < piece.size() && is_digit(piece[end])) ++end;
      const bool is_whole = end > i && (end == piece.size() || !is_alnum(piece[end]));
      if (is_whole) {
        out_ += "<number>";
        i = end - 1;
      } else {
        out_.push_back(piece[i]);
      }
    }
  }

  void take_secret(std::string_view name) {
    if (text_.size() < 2 || (text_[0] != '=' && text_[0] != ':')) return;
    if (is_space(text_[1]) || text_[1] == text_[0] || text_[1] == '/' || is_quote(text_[1])) return;
    if (!is_secret_name(name)) return;
    take(1);
    out_ += "[redacted]";
    text_.remove_prefix(std::min(text_.find_first_of(" \t\r\n&;,"), text_.size()));
  }

  void put_path(std::string_view path) {
    text_.remove_prefix(path.size());
    while (!path.empty()) {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      const std::string_view segment = path.substr(0, end);
      const std::string_view name = segment.substr(segment.front() == '/' ? 1 : 0);
      // file.py:12 is a place in a source file: its line changes with each release.
      const std::string_view file = name.substr(0, name.find(':'));
      out_ += segment.substr(0, segment.size() - name.size());
      out_ += is_identifier(file) ? std::string_view("<id>") : file;
      for (std::size_t i = file.size(); i < name.size(); ++i) {
        if (name[i] == ':' && (i + 1 == name.size() || is_digit(name[i + 1]))) break;
        out_.push_back(name[i]);
      }
      path.remove_prefix(end);
    }
    if (text_.starts_with('?')) {
      text_.remove_prefix(std::min(text_.find_first_of(" \t\r\n\"'`"), text_.size()));
    }
  }

  void put_kind(std::string_view kind, std::string_view word) {
    if (kind == "<date>") return put_date();
    const bool is_rest_of_date =
        kind == "<number>" && out_.ends_with("<date> ") &&
        (word.size() == 4 || word.front() == '+' || word.front() == '-' || is_calendar_);
    const bool is_rest_of_number = kind == "<number>" && out_.ends_with("<number>,");  // 1,024
    if (is_rest_of_date || is_rest_of_number) {
      out_.pop_back();
    } else {
      out_ += kind;
    }
  }

  // The words of a date come one after the other: "Wed, 25 Nov 2026 14:05:12,123 GMT".
  void put_date() {
    for (const std::string_view before : {"<number> ", "<date> ", "<date>, "}) {
      if (out_.ends_with(before)) out_.resize(out_.size() - before.size());
    }
    out_ += "<date>";
    if (text_.size() > 1 && text_[0] == ',' && is_digit(text_[1])) {
      text_.remove_prefix(std::min(text_.find_first_not_of("0123456789", 1), text_.size()));
    }
  }

  // A month or a day of the week where a number stands beside it: "May" is a word, too.
  bool is_calendar(std::string_view word) {
    if (std::find(kCalendar.begin(), kCalendar.end(), word) == kCalendar.end()) return false;
    std::string_view next = text_.substr(word.size());
    next.remove_prefix(std::min(next.find_first_not_of(", "), next.size()));
    const bool is_before_month =
        next.size() > 3 && next[3] == ' ' &&
        std::find(kCalendar.begin(), kCalendar.end(), next.substr(0, 3)) != kCalendar.end();
    is_calendar_ =
        (!next.empty() && is_digit(next.front())) || is_before_month || out_.ends_with("<number> ");
    return is_calendar_;
  }

  [[nodiscard]] bool is_zone(std::string_view word) const {
    return out_.ends_with("<date> ") &&
           std::find(kZones.begin(), kZones.end(), word) != kZones.end();
  }

  std::string_view text_;
  std::string& out_;
  bool is_calendar_ = false;  // a month or a day was read: numbers behind it belong to the date
};

}  // namespace

void fold_message(std::string_view message, std::string& folded) {
  Folder(message.substr(0, kFoldedBytesMax), folded).run();
}

}  // namespace backstay::requests
