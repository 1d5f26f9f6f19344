#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "exporter/formats/formats.h"
#include "exporter/sources/batch.h"
#include "exporter/sources/drain_auth.h"
#include "exporter/web/drain_server.h"

namespace backstay::sources {

struct DrainConfig {
  std::string name;
  std::string format;  // one of formats::names()
  formats::JsonFields fields;
  DrainCredentials credentials;
  // In lower case: a header by which the sender names a batch. Empty, or not sent: its bytes do.
  std::string id_header;
  std::uint64_t inflated_bytes_max = 1024ULL * 1024 * 1024;  // Cloudflare sends up to that
};

// What became of a request; each has a series of its own in backstay_drain_requests_total.
enum class DrainOutcome {
  counted,
  seen_before,
  setup,  // Cloudflare asks whether anybody is there
  unauthorized,
  too_large,
  bad_body,  // damaged gzip, an unknown encoding, an array without an end
  cut_off,
  not_kept,
  busy,
};
inline constexpr std::size_t kDrainOutcomes = 9;
std::string_view to_string(DrainOutcome outcome);

// POST /drains/NAME: authenticates, inflates, splits and parses a body as it comes in, and answers
// 200 once the sink has it on disk. Of a body that is not whole nothing is counted. 503 asks for it
// again, 4xx says that this would be of no use. Thread-safe.
class Drain {
 public:
  Drain(DrainConfig config, BatchSink& sink);
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  web::Response receive(const web::Request& request, web::Body& body) EXCLUDES(mutex_);
  // Beyond the connections that may be.
  web::Response turn_away();

  [[nodiscard]] const std::string& name() const { return config_.name; }
  [[nodiscard]] std::uint64_t count(DrainOutcome outcome) const {
    return counts_[static_cast<std::size_t>(outcome)];
  }
  // Inflated.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Reader;  // parser and buffers, used again

  DrainOutcome outcome_of(const web::Request& request, web::Body& body);
  DrainOutcome read(Reader& reader, BodySignature* signature, web::Body& body);
  DrainOutcome commit(Reader& reader, const web::Request& request);
  web::Response answer(DrainOutcome outcome);
  std::unique_ptr<Reader> borrow() EXCLUDES(mutex_);
  void give_back(std::unique_ptr<Reader> reader) EXCLUDES(mutex_);

  const DrainConfig config_;
  BatchSink& sink_;
  std::array<std::atomic<std::uint64_t>, kDrainOutcomes> counts_{};
  std::atomic<std::uint64_t> bytes_ = 0;
  Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> readers_ GUARDED_BY(mutex_);
};

}  // namespace backstay::sources
