#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/formats/access_event.h"

namespace backstay::requests {

// Says which errors are the same one: a 64-bit XXH3 of
//   - a request: method, route, status;
//   - a message with a stack: the exception's type and that of its cause, and of the 10 nearest
//     frames, the service's own where there are such, module, file and function, without lines,
//     addresses and where the service is installed; the folded message only where no type is known;
//   - any other message: its folded text.
// A message that holds its stack itself is read as one with a stack. It is the same on every
// machine, and may be kept. For one thread: buffers are used again.
class Fingerprinter {
 public:
  std::uint64_t of_request(std::string_view method, std::string_view route, int status);
  std::uint64_t of_message(const formats::LogMessage& message);

 private:
  struct StackIdentity {
    std::uint64_t text = 0;  // hash of the text of the stack
    std::uint64_t frames = 0;
    bool has_type = false;
    bool has_frames = false;
  };
  StackIdentity identity_of(std::string_view stack);
  void add(std::string_view part);

  std::string parts_;
  std::string folded_;
  // In a storm the same stacks come again and again.
  std::array<StackIdentity, 16> known_stacks_;
};

// One line for people: "TypeError: Cannot read …", folded, not cut. Of redacted texts it is
// redacted.
std::string title_of(std::string_view message, std::string_view stack);

// 16 hexadecimal digits.
std::string to_hex(std::uint64_t fingerprint);

}  // namespace backstay::requests
