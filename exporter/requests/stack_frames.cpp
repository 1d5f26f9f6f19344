#include "exporter/requests/stack_frames.h"

#include <algorithm>
#include <array>

namespace backstay::requests {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Without ":12" or ":12:3" at its end.
std::string_view without_line(std::string_view place) {
  for (int i = 0; i < 2; ++i) {
    std::size_t end = place.size();
    while (end > 0 && is_digit(place[end - 1])) --end;
    if (end == place.size() || end == 0 || place[end - 1] != ':') break;
    place = place.substr(0, end - 1);
  }
  return place;
}

// File "/app/views.py", line 12, in get_user
std::optional<StackFrame> python_frame(std::string_view line) {
  if (!take(line, "File \"")) return std::nullopt;
  const std::size_t end = line.find("\", line ");
  if (end == kNone) return std::nullopt;
  const std::size_t in = line.find(", in ", end);
  const std::string_view function = in == kNone ? std::string_view() : line.substr(in + 5);
  return StackFrame{function, line.substr(0, end)};
}

// Behind "at ": JavaScript has a space before the bracket, Java and .NET have none.
std::optional<StackFrame> at_frame(std::string_view line) {
  const std::size_t bracket = line.find('(');
  if (bracket == kNone) {
    take(line, "async ");
    const std::string_view file = without_line(line);
    if (file.size() == line.size() && file != "<anonymous>") return std::nullopt;
    return StackFrame{{}, file};
  }
  std::string_view function = line.substr(0, bracket);
  std::string_view inside = line.substr(bracket + 1);
  if (!function.empty() && function.back() == ' ') {
    function = trimmed(function);
    take(function, "async ");
    take(function, "new ");
    function = function.substr(0, function.find(" [as "));
    if (inside.ends_with(')')) inside.remove_suffix(1);
    return StackFrame{function, without_line(inside)};
  }
  if (function.empty() || function.find(' ') != kNone) return std::nullopt;
  const std::size_t source = line.find(" in ", bracket);
  const std::size_t number = line.rfind(":line ");
  if (source != kNone && number != kNone && number > source) {
    return StackFrame{function, line.substr(source + 4, number - source - 4)};
  }
  const std::size_t end = inside.find(')');
  if (end == kNone) return std::nullopt;
  // com.example.Orders.place(Orders.java:12); app//, java.base@17/ stand before the class.
  function.remove_prefix(std::min(function.rfind('/') + 1, function.size()));
  inside = without_line(inside.substr(0, end));
  const bool is_file = inside.size() > 3 && inside.find(' ') == kNone &&
                       (inside.ends_with(".java") || inside.ends_with(".kt") ||
                        inside.ends_with(".scala") || inside.ends_with(".groovy"));
  return StackFrame{function, is_file ? inside : std::string_view()};
}

// #0 /app/src/Orders.php(20): App\Orders->place()
std::optional<StackFrame> php_frame(std::string_view line) {
  if (!take(line, "#") || line.empty() || !is_digit(line.front())) return std::nullopt;
  line.remove_prefix(std::min(line.find(' '), line.size()));
  line = trimmed(line);
  if (line == "{main}") return StackFrame{line, {}};
  const std::size_t colon = line.find(": ");
  if (colon == kNone) return std::nullopt;
  const std::string_view file = line.substr(0, colon);
  const std::string_view function = line.substr(colon + 2);
  return StackFrame{function.substr(0, function.find('(')), file.substr(0, file.find('('))};
}

// app/models/user.rb:12:in `find_user'; since 3.4: in 'User#find_user'
std::optional<StackFrame> ruby_frame(std::string_view line) {
  take(line, "from ");
  const std::size_t in = line.find(":in ");
  if (in == kNone || in + 6 > line.size()) return std::nullopt;
  const std::string_view file = without_line(line.substr(0, in));
  if (file.size() == in) return std::nullopt;
  if (line[in + 4] != '`' && line[in + 4] != '\'') return std::nullopt;
  std::string_view function = line.substr(in + 5);
  function = function.substr(0, function.find('\''));
  const std::size_t block = function.rfind(" in ");  // block (2 levels) in find_user
  if (block != kNone) function.remove_prefix(block + 4);
  return StackFrame{function, file};
}

// Firefox and Safari: placeOrder@https://example.com/assets/app.js:1:2345
std::optional<StackFrame> browser_frame(std::string_view line) {
  const std::size_t sign = line.find('@');
  if (sign == kNone || line.find(' ') != kNone) return std::nullopt;
  const std::string_view place = line.substr(sign + 1);
  const std::string_view file = without_line(place);
  if (file.size() == place.size() || file.find('/') == kNone) return std::nullopt;
  return StackFrame{line.substr(0, sign), file};
}

// A folder, or two of them, as they stand in a path.
constexpr std::array<std::string_view, 12> kForeignFolders{
    "site-packages/", "dist-packages/", "node_modules/", "gems/",   "vendor/",  "rustc/",
    "libexec/",       "lib/python",     "lib/ruby/",     "go/src/", "pkg/mod/", "usr/lib/"};
constexpr std::array<std::string_view, 8> kForeignFiles{
    "node:",         "<frozen ", "<internal:", "<anonymous>", "[internal function]",
    "[native code]", "native",   "index "};
constexpr std::array<std::string_view, 36> kForeignFunctions{"java.",
                                                             "javax.",
                                                             "jakarta.",
                                                             "jdk.",
                                                             "sun.",
                                                             "com.sun.",
                                                             "kotlin.",
                                                             "kotlinx.",
                                                             "scala.",
                                                             "akka.",
                                                             "org.springframework.",
                                                             "org.apache.",
                                                             "org.hibernate.",
                                                             "org.eclipse.",
                                                             "org.postgresql.",
                                                             "org.jboss.",
                                                             "io.netty.",
                                                             "io.undertow.",
                                                             "io.micrometer.",
                                                             "reactor.",
                                                             "com.zaxxer.",
                                                             "com.fasterxml.",
                                                             "com.mysql.",
                                                             "com.google.",
                                                             "System.",
                                                             "Microsoft.",
                                                             "Npgsql.",
                                                             "Dapper.",
                                                             "runtime.",
                                                             "runtime/",
                                                             "net/http.",
                                                             "panic",
                                                             "internal/",
                                                             "database/sql.",
                                                             "Object.<anonymous>",
                                                             "lambda_method"};

}  // namespace

std::optional<StackFrame> parse_frame(std::string_view line) {
  line = trimmed(line);
  if (line.size() < 5) return std::nullopt;
  if (take(line, "at ")) return at_frame(line);
  if (line.front() == 'F') {
    if (auto frame = python_frame(line)) return frame;
  }
  if (line.front() == '#') return php_frame(line);
  if (auto frame = ruby_frame(line)) return frame;
  return browser_frame(line);
}

// main.(*Server).handle(0xc000012345, {0x1, 0x2}) and below it a tab, /app/main.go:12 +0x1d; a
// logger writes the first line without arguments.
std::optional<StackFrame> parse_go_frame(std::string_view line, std::string_view next) {
  line = trimmed(line);
  next = trimmed(next);
  const std::size_t source = next.find(".go:");
  if (source == kNone || line.empty()) return std::nullopt;
  take(line, "created by ");
  line = line.substr(0, line.find(" in goroutine "));
  if (line.back() == ')') {
    // Its brackets may have brackets in them, and those of a receiver stand before.
    std::size_t open = line.find('(');
    while (open != kNone && line.compare(open, 2, "(*") == 0) open = line.find('(', open + 1);
    line = line.substr(0, open);
  }
  if (line.empty() || line.find(' ') != kNone) return std::nullopt;
  return StackFrame{line, next.substr(0, source + 3)};
}

bool is_in_app(const StackFrame& frame) {
  const auto begins_with_one_of = [](const auto& prefixes, std::string_view text) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
      return prefix.front() == text.front() && text.starts_with(prefix);
    });
  };
  if (!frame.function.empty() && begins_with_one_of(kForeignFunctions, frame.function))
    return false;
  std::string_view path = frame.file;
  if (!path.empty() && begins_with_one_of(kForeignFiles, path)) return false;
  while (!path.empty()) {
    if (begins_with_one_of(kForeignFolders, path)) return false;
    path.remove_prefix(std::min(path.find_first_of("/\\"), path.size() - 1) + 1);
  }
  return true;
}

}  // namespace backstay::requests
