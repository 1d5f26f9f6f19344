#include "exporter/requests/stack_trace.h"

#include <algorithm>

#include "exporter/requests/stack_frames.h"

namespace backstay::requests {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
// The stack of a program that called itself until it had no more memory is cut off here.
constexpr std::size_t kLinesMax = 1000;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || is_upper(c) || c == '_' || c == '.' ||
         c == '$' || c == '\\';
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The frames that count, of all that are added in the order of the text.
class Frames {
 public:
  void add(const StackFrame& frame) { (is_in_app(frame) ? own_ : all_).add(frame); }
  [[nodiscard]] bool is_enough() const { return own_.count >= StackTrace::kFramesMax; }
  [[nodiscard]] bool empty() const { return own_.count == 0 && all_.count == 0; }
  [[nodiscard]] bool has_own() const { return own_.count > 0; }

  // is_nearest_last: Python has the call that failed at the end.
  void write(StackTrace& trace, bool is_nearest_last) const {
    const Ring& ring = own_.count > 0 ? own_ : all_;
    trace.frame_count = std::min(ring.count, StackTrace::kFramesMax);
    for (std::size_t i = 0; i < trace.frame_count; ++i) {
      trace.frames[i] = is_nearest_last ? ring.last[(ring.count - 1 - i) % StackTrace::kFramesMax]
                                        : ring.first[i];
    }
  }

 private:
  struct Ring {
    std::array<StackFrame, StackTrace::kFramesMax> first;
    std::array<StackFrame, StackTrace::kFramesMax> last;
    std::size_t count = 0;

    void add(const StackFrame& frame) {
      if (count > 0 && last[(count - 1) % last.size()] == frame) return;
      if (count < first.size()) first[count] = frame;
      last[count % last.size()] = frame;
      ++count;
    }
  };
  Ring own_;
  Ring all_;  // the others
};

void parse_python(std::string_view text, StackTrace& trace) {
  Frames frames;
  bool is_type_next = false;
  for (std::size_t lines = 0; !text.empty() && lines < kLinesMax; ++lines) {
    const std::string_view line = take_line(text);
    const bool is_indented = line.starts_with(' ');
    if (const auto frame = is_indented ? parse_frame(line) : std::nullopt) {
      frames.add(*frame);
      is_type_next = true;
    } else if (is_type_next && !is_indented && !line.empty()) {
      trace.type = exception_type(line, &trace.message);
      // What is raised is always a class, however it is spelt: socket.timeout.
      if (trace.type.empty()) trace.type = line.substr(0, line.find_first_of(": "));
      is_type_next = false;
    }
  }
  frames.write(trace, true);
}

void parse_go(std::string_view text, StackTrace& trace) {
  Frames frames;
  if (text.starts_with("panic: ")) {
    trace.type = "panic";
    trace.message = text.substr(7, text.find('\n') - 7);
  }
  std::string_view line = take_line(text);
  for (std::size_t lines = 0; !text.empty() && lines < kLinesMax && !frames.is_enough(); ++lines) {
    // Behind the goroutine that failed all others may follow.
    if (line.empty() && !frames.empty()) break;
    const std::string_view next = take_line(text);
    if (const auto frame = parse_go_frame(line, next)) {
      if (line.starts_with("panic(")) trace.type = "panic";
      frames.add(*frame);
      line = take_line(text);
    } else {
      line = next;
    }
  }
  frames.write(trace, false);
}

// Frames that stand one a line, the nearest first, below the exception.
Frames parse_lines(std::string_view text, std::string_view& type, std::string_view& message) {
  Frames frames;
  for (std::size_t lines = 0; !text.empty() && lines < kLinesMax && !frames.is_enough(); ++lines) {
    const std::string_view line = take_line(text);
    const auto frame = parse_frame(line);
    if (frame) frames.add(*frame);
    if (type.empty() && frames.empty()) type = exception_type(line, &message);
    if (!frame || !type.empty()) continue;
    // Ruby: app.rb:3:in `run': it failed (RuntimeError)
    const std::size_t open = line.rfind(" (");
    const std::size_t name_end = line.find("': ");
    if (name_end == kNone || open == kNone || open < name_end || !line.ends_with(')')) continue;
    type = exception_type(line.substr(open + 2, line.size() - open - 3));
    if (!type.empty()) message = line.substr(name_end + 3, open - name_end - 3);
  }
  return frames;
}

void parse_other(std::string_view text, StackTrace& trace) {
  // What it was caused by tells more than the exception of a framework around it.
  const std::size_t cause = text.rfind("\nCaused by: ");
  std::string_view outer = text;
  if (cause != kNone) {
    std::string_view message;
    const Frames frames = parse_lines(text.substr(cause + 1), trace.root_type, message);
    outer = text.substr(0, cause);
    if (frames.has_own()) {
      frames.write(trace, false);
      trace.type = exception_type(text.substr(0, text.find('\n')), &trace.message);
      return;
    }
  }
  parse_lines(outer, trace.type, trace.message).write(trace, false);
  // .NET: System.Exception: failed ---> System.IO.IOException: disk
  const std::size_t inner = trace.message.rfind(" ---> ");
  if (inner != kNone) {
    trace.root_type = exception_type(trace.message.substr(inner + 6));
    trace.message = trace.message.substr(0, inner);
  }
}

bool is_go(std::string_view text) {
  if (text.starts_with("goroutine ") || text.starts_with("panic: ")) return true;
  const std::size_t source = text.find(".go:");
  return source != kNone && text.find("\n\t") < source;
}

}  // namespace

std::string_view exception_type(std::string_view line, std::string_view* message) {
  line = line.substr(0, line.find('\n'));
  for (const std::string_view prefix :
       {"PHP ", "Fatal error: ", " ", "Unhandled exception. ", "Exception in thread ",
        "Caused by: ", "Uncaught ", "Next ", "[cause]: "}) {
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
  }
  if (line.starts_with('"')) {  // the thread's name
    line.remove_prefix(std::min(line.find("\" ", 1), line.size() - 2) + 2);
  }
  std::size_t end = 0;
  std::size_t last_part = 0;
  while (end < line.size()) {
    const bool is_scope = line.compare(end, 2, "::") == 0;
    if (!is_scope && !is_name(line[end])) break;
    if (is_scope) ++end;
    if (is_scope || line[end] == '.' || line[end] == '\\' || line[end] == '$') last_part = end + 1;
    ++end;
  }
  if (end == 0 || end > 200 || last_part >= end || !is_upper(line[last_part])) return {};
  const std::string_view behind = line.substr(end);
  if (!behind.empty() && !behind.starts_with(": ") && behind != ":" && !behind.starts_with(" (")) {
    return {};
  }
  if (message != nullptr) {
    *message = behind.substr(std::min<std::size_t>(behind.size(), 2));
    // Rails: NoMethodError (undefined method …)
    if (behind.starts_with(" (") && message->ends_with(')')) message->remove_suffix(1);
  }
  return line.substr(0, end);
}

StackTrace parse_stack(std::string_view text) {
  StackTrace trace;
  const std::size_t python = text.rfind("Traceback (most recent call last)");
  if (python != kNone) {
    parse_python(text.substr(python), trace);
  } else if (text.starts_with("  File \"")) {
    parse_python(text, trace);
  } else if (is_go(text)) {
    parse_go(text, trace);
  } else {
    parse_other(text, trace);
  }
  return trace;
}

}  // namespace backstay::requests
