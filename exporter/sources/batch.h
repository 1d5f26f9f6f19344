#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "exporter/formats/access_event.h"

namespace backstay::sources {

// What came in one request, counted by itself until it is known to be whole. For one thread.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual void take(const formats::Parsed& parsed) = 0;
  // A line over formats::kLineBytesMax.
  virtual void take_too_long() = 0;
};

// The same for the same batch of the same drain, however often it is sent: of what the sender calls
// it, or of its bytes.
using BatchId = std::array<std::uint64_t, 2>;

// Where batches are counted. Thread-safe.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  enum class Taken {
    counted,
    seen_before,  // and not counted again
    not_kept,     // the disk or the place for it is full: it may be sent again
  };
  virtual std::unique_ptr<Batch> open(const std::string& drain) = 0;
  // Returns once the batch is on disk together with its id. A batch that is dropped instead has
  // never been.
  virtual Taken commit(std::unique_ptr<Batch> batch, const BatchId& id) = 0;
};

}  // namespace backstay::sources
