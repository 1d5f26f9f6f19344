#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "exporter/formats/formats.h"

// One program a format: BACKSTAY_FUZZ_FORMAT says which. Whatever bytes come, the parser makes an
// event, a message or a reason of them, stays inside its line, and does it again in the same way.
namespace backstay::formats {
namespace {

// The sanitizer must see a byte that is read too far behind the line, or before it: the line stands
// at the very end of its memory but for what a parser may read.
class Line {
 public:
  explicit Line(std::string_view text)
      : memory_(std::make_unique<char[]>(text.size() + kReadableBeyond)), size_(text.size()) {
    if (size_ > 0) std::memcpy(memory_.get(), text.data(), size_);
    std::memset(memory_.get() + size_, '"', kReadableBeyond);
  }
  [[nodiscard]] std::string_view text() const { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
};

void require(bool holds) {
  if (!holds) std::abort();
}

// Reads all of it, so that a view of memory that is gone is found.
std::size_t sum(std::string_view text) {
  std::size_t total = 0;
  for (const char c : text) total += static_cast<unsigned char>(c);
  return total;
}

std::size_t check(const AccessEvent& event) {
  require(event.status >= 100 && event.status <= 599);
  require(!event.method.empty() || !event.target.empty());
  require(!event.duration_seconds ||
          (*event.duration_seconds >= 0 && *event.duration_seconds < 1e6));
  require(!event.in_flight || *event.in_flight > 0 ||
          std::string_view(BACKSTAY_FUZZ_FORMAT) == "json");
  return sum(event.method) + sum(event.target) + sum(event.route) + sum(event.request_id) +
         static_cast<std::size_t>(event.status) + event.response_bytes.value_or(1) +
         event.request_bytes.value_or(1) + static_cast<std::size_t>(event.time_ms.value_or(1));
}

std::size_t check(const LogMessage& message) {
  require(!message.level.empty() || !message.message.empty() || !message.stack.empty());
  return sum(message.level) + sum(message.message) + sum(message.stack) + sum(message.request_id) +
         static_cast<std::size_t>(message.time_ms.value_or(1));
}

std::size_t check(RejectReason reason) {
  require(static_cast<std::size_t>(reason) < kRejectReasons);
  return static_cast<std::size_t>(reason);
}

std::size_t outcome(Parser& parser, std::string_view line) {
  const Parsed parsed = parser.parse(line);
  const std::size_t checked = std::visit([](const auto& one) { return check(one); }, parsed);
  return checked * std::variant_size_v<Parsed> + parsed.index();
}

}  // namespace
}  // namespace backstay::formats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace backstay::formats;
  static const std::unique_ptr<Parser> used = make_parser(BACKSTAY_FUZZ_FORMAT);
  static const std::unique_ptr<Parser> other = make_parser(BACKSTAY_FUZZ_FORMAT);
  const Line line({reinterpret_cast<const char*>(data), size});
  // `other` has not seen the line that `used` had before: what is left of one must not show.
  const std::size_t first = outcome(*used, line.text());
  require(outcome(*other, line.text()) == first);
  static const Line between(R"({"method":"GET","uri":"/","status":200,"request_id":"x"})");
  static_cast<void>(outcome(*other, between.text()));
  require(outcome(*used, line.text()) == first);
  return 0;
}
