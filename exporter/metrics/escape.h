#pragma once

#include <string>
#include <string_view>

namespace backstay::metrics {

// \, newline and " as a label's value has them, and HELP in OpenMetrics.
void append_escaped(std::string& to, std::string_view text);
// \ and newline alone: HELP in the text format, where quotes stay as they are.
void append_escaped_but_quotes(std::string& to, std::string_view text);

}  // namespace backstay::metrics
