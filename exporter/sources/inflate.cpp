#include "exporter/sources/inflate.h"

#include <stdexcept>
#include <vector>

#include <zlib.h>

#include "exporter/formats/parser.h"

namespace backstay::sources {
namespace {

constexpr int kGzipAlone = 15 + 16;  // windowBits: the largest window, and no other wrapping
constexpr std::size_t kPieceBytes = 128 * 1024;
constexpr char kGzipFirstByte = '\x1f';

}  // namespace

struct Inflate::Stream {
  Stream() : piece(kPieceBytes + formats::kReadableBeyond) {
    if (inflateInit2(&zlib, kGzipAlone) != Z_OK) throw std::runtime_error("zlib does not start");
  }
  ~Stream() { inflateEnd(&zlib); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream zlib{};
  std::vector<char> piece;
};

Inflate::Inflate(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
Inflate::~Inflate() = default;

void Inflate::start(Expected expected) {
  expected_ = expected;
  place_ = Place::at_start;
  packed_bytes_ = 0;
  bytes_ = 0;
}

Inflate::Outcome Inflate::feed(std::string_view piece, const Sink& sink) {
  if (piece.empty()) return Outcome::going_on;
  if (place_ == Place::at_start) {
    const bool is_gzip = piece.front() == kGzipFirstByte;
    if (!is_gzip && expected_ == Expected::gzip) return Outcome::damaged;
    place_ = is_gzip ? Place::between_members : Place::plain;
    if (is_gzip && !stream_) stream_ = std::make_unique<Stream>();
  }
  packed_bytes_ += piece.size();
  return place_ == Place::plain ? hand_over(piece, sink) : inflate(piece, sink);
}

Inflate::Outcome Inflate::finish() const {
  const bool is_cut_off =
      place_ == Place::member || (place_ == Place::at_start && expected_ == Expected::gzip);
  return is_cut_off ? Outcome::damaged : Outcome::going_on;
}

Inflate::Outcome Inflate::hand_over(std::string_view piece, const Sink& sink) {
  bytes_ += piece.size();
  const bool is_bomb = bytes_ > kRatioFreeBytes && bytes_ / kRatioMax > packed_bytes_;
  if (bytes_ > bytes_max_ || is_bomb) return Outcome::too_large;
  return piece.empty() || sink(piece) ? Outcome::going_on : Outcome::refused;
}

Inflate::Outcome Inflate::inflate(std::string_view piece, const Sink& sink) {
  z_stream& zlib = stream_->zlib;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  zlib.avail_in = static_cast<uInt>(piece.size());
  bool is_more = true;
  while (is_more) {
    if (place_ == Place::between_members) {
      inflateReset(&zlib);
      place_ = Place::member;
    }
    zlib.next_out = reinterpret_cast<Bytef*>(stream_->piece.data());
    zlib.avail_out = kPieceBytes;
    const int ended = ::inflate(&zlib, Z_NO_FLUSH);
    // Z_BUF_ERROR: the piece before filled the output just when its input ended.
    if (ended != Z_OK && ended != Z_STREAM_END && ended != Z_BUF_ERROR) return Outcome::damaged;
    const std::size_t size = kPieceBytes - zlib.avail_out;
    const Outcome outcome = hand_over({stream_->piece.data(), size}, sink);
    if (outcome != Outcome::going_on) return outcome;
    if (ended == Z_STREAM_END) place_ = Place::between_members;
    // A full output may leave more inside zlib, though no input is left.
    is_more = zlib.avail_in > 0 || (zlib.avail_out == 0 && ended != Z_STREAM_END);
  }
  return Outcome::going_on;
}

}  // namespace backstay::sources
