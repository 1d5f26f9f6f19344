#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace backstay::sources {

// A body as it was before it was packed: gzip of one or several members is inflated piece by piece,
// anything else passes as it is. Which of them it is the first byte says: no log begins with
// gzip's. A bomb is stopped on its way. For one thread; used again by start().
// https://www.rfc-editor.org/rfc/rfc1952
class Inflate {
 public:
  enum class Outcome {
    going_on,
    damaged,    // no gzip where it should be, a wrong checksum, or cut off
    too_large,  // over bytes_max, or over kRatioMax
    refused,    // by the sink
  };
  // Gets the pieces, behind each of which formats::kReadableBeyond bytes can be read. False: no
  // more.
  using Sink = std::function<bool(std::string_view)>;

  // A log of one and the same line comes to 300, real ones to 5 – 30, and a bomb to 1000.
  static constexpr std::uint64_t kRatioMax = 500;
  // Up to here any ratio is fine.
  static constexpr std::uint64_t kRatioFreeBytes = 16 * 1024 * 1024;

  explicit Inflate(std::uint64_t bytes_max);
  ~Inflate();
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;

  enum class Expected { anything, gzip };
  void start(Expected expected);
  // Bytes must be readable behind the piece as behind those of the sink.
  [[nodiscard]] Outcome feed(std::string_view piece, const Sink& sink);
  // At the end of the body.
  [[nodiscard]] Outcome finish() const;
  // What came out so far.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Stream;
  enum class Place { at_start, plain, member, between_members };

  Outcome inflate(std::string_view piece, const Sink& sink);
  Outcome hand_over(std::string_view piece, const Sink& sink);

  const std::uint64_t bytes_max_;
  std::unique_ptr<Stream> stream_;  // from the first gzip on
  Expected expected_ = Expected::anything;
  Place place_ = Place::at_start;
  std::uint64_t packed_bytes_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace backstay::sources
