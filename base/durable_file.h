#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"

namespace backstay {

// Replaces a file wholly: after success the new text is on disk under that name, whatever happens
// to the machine; after a failure, or a crash half-way, the old file is there as it was. Written
// beside it first ("name.new"), so the folder must be writable. Mode 0600. One writer at a time.
Result<void> write_durably(const std::string& path, const std::string& text);

// The whole file, or the pipe, which a shell makes of <(command): an error where it is larger. A
// device that never ends is an error too.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

// The same of a file alone: anything else is an error at once, also a pipe that nobody writes into.
Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max);

// The whole file; none where there is no such file.
Result<std::optional<std::string>> read_file_if_there(const std::string& path);

}  // namespace backstay
