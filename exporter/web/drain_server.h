#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/web/message.h"

namespace backstay::web {

// The body of one request, while it comes in. For the handler's thread.
class Body {
 public:
  enum class End {
    whole,
    cut_off,    // by the sender, by the time limit, or by chunks that are none
    too_large,  // over DrainLimits::body_bytes_max
  };
  virtual ~Body() = default;
  // Fills the buffer; only what is before the end may be less. 0: nothing more comes, and end()
  // says why. The first read tells a sender that waits for it to go on.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
  [[nodiscard]] virtual End end() const = 0;
};

struct DrainLimits {
  int connections_max = 16;
  std::uint64_t body_bytes_max = 1024ULL * 1024 * 1024;  // as sent
  std::chrono::milliseconds request_time_max{60'000};    // from its head to the answer
  std::chrono::milliseconds idle_max{10'000};            // without one more byte
};

struct DrainHandlers {
  // Need not read the body.
  std::function<Response(const Request&, Body&)> receive;
  // Beyond connections_max: for an answer at once.
  Handler turn_away;
};

// HTTP for bodies: CivetWeb with addresses and threads of its own, so that no scrape waits for slow
// senders. Bodies of any size come as a stream, with a length or in chunks. A sender who takes too
// long, however busily, is cut. The handlers run on several threads at once, on small stacks; an
// exception that leaves them becomes a 500. Stops when destroyed; requests in flight are cut.
class DrainServer {
 public:
  static Result<std::unique_ptr<DrainServer>> start(const std::vector<std::string>& addresses,
                                                    DrainHandlers handlers,
                                                    const DrainLimits& limits = {});
  ~DrainServer();
  DrainServer(const DrainServer&) = delete;
  DrainServer& operator=(const DrainServer&) = delete;

  // As bound, with real ports.
  [[nodiscard]] const std::vector<std::string>& addresses() const;

 private:
  struct Impl;
  explicit DrainServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace backstay::web
