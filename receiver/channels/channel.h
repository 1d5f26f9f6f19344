#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace backstay {

// What people are told, ready to be sent.
struct Message {
  std::string idempotency_key;  // the same for each attempt to send it, and no other's; 120
                                // bytes at most: letters, digits, hyphens, dots between them
  WallTime created_at;          // likewise
  std::string severity;         // info, warning, error, critical
  std::string title;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
  std::int64_t times = 1;  // how many it stands for
  bool is_whole = false;   // the text says all there is to say: fields and severity are not added
};

// How people are told. To add one: a file pair, a row in app.cpp's table, a test, a row in the
// docs.
class Channel {
 public:
  virtual ~Channel() = default;
  // As in the configuration.
  [[nodiscard]] virtual std::string name() const = 0;
  // Success only where the other side took it. Errors never hold an address or a token.
  virtual Result<void> send(const Message& message) = 0;
};

}  // namespace backstay
