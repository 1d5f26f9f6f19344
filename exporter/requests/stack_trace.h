#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace backstay::requests {

// The place of one call.
struct StackFrame {
  std::string_view function;  // with its module, without arguments
  std::string_view file;      // without line; may be empty

  friend bool operator==(const StackFrame&, const StackFrame&) = default;
};

// What tells one error from another in a stack. The views point into the text.
struct StackTrace {
  static constexpr std::size_t kFramesMax = 10;

  std::string_view type;       // of the exception; empty where the text does not say it
  std::string_view root_type;  // of what caused it, where the text says it
  std::string_view message;    // of the exception
  // The nearest to the error first: those of the service's own code where there are such, else all.
  // A function that calls itself counts once.
  std::array<StackFrame, kFramesMax> frames;
  std::size_t frame_count = 0;
};

// Reads what Python, Node and browsers, Java and Kotlin, .NET, Go, Ruby and PHP write. Text that is
// none of these has no frames.
StackTrace parse_stack(std::string_view text);

// The exception that a line like "TypeError: …" or "Caused by: java.io.IOException" begins with;
// empty where there is none. The message is what stands behind it.
std::string_view exception_type(std::string_view line, std::string_view* message = nullptr);

}  // namespace backstay::requests
