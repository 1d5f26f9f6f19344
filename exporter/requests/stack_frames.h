#pragma once

#include <optional>
#include <string_view>

#include "exporter/requests/stack_trace.h"

namespace backstay::requests {

// One line of a stack, in any of the languages of parse_stack() but Go, where a frame has two.
std::optional<StackFrame> parse_frame(std::string_view line);
// The line with the function, and the one with the file that follows it.
std::optional<StackFrame> parse_go_frame(std::string_view line, std::string_view next);

// Whether it is in the service's own code, as far as a name or a path tells.
bool is_in_app(const StackFrame& frame);

}  // namespace backstay::requests
