#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backstay::requests {

// What is longer is cut off before it is folded.
inline constexpr std::size_t kFoldedBytesMax = 512;

// Writes a message without what varies from one time to the next, so that equal errors are equal
// texts: <url>, <email>, <ip>, <uuid>, <date>, <duration>, <hash>, <hex>, <number>, <id>, <quoted>,
// and in paths the segments that are identifiers. Quoted text goes as a whole. The values of secret
// names are folded, too; all the same a folded text is not redacted: redact() before it is shown.
// Spaces and line ends become one space. `folded` is used again from call to call.
void fold_message(std::string_view message, std::string& folded);

}  // namespace backstay::requests
