#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace backstay::sources {

// One record on disk: a line that says what it is, one with the XXH3 of the record in hexadecimal
// digits, and the record. It is replaced as a whole: after a crash at any moment there is the old
// one or the new one.
Result<void> write_checkpoint(const std::string& path, std::string_view record);

// None: there is no such file. An error: it cannot be read, or it is not what was written.
Result<std::optional<std::string>> read_checkpoint(const std::string& path);

}  // namespace backstay::sources
