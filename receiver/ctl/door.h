#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "receiver/config.h"

namespace backstay::ctl {

// The way to the receiver's Control: through control.sock while the receiver runs; otherwise the
// command takes the receiver's lock and does the work itself, so that a machine whose daemon is
// down can still be rolled back.
class Door {
 public:
  virtual ~Door() = default;
  // The operation's answer (control.h). An Error: nobody answered.
  virtual Result<nlohmann::json> call(const std::string& operation,
                                      const nlohmann::json& parameters) = 0;
  // Lets waiting work go on; returns after a moment. The receiver needs no help with that.
  virtual void work() = 0;
  [[nodiscard]] virtual bool receiver_is_up() const = 0;
};

// Fails where the lock is held and nobody answers on the socket, or the socket may not be opened.
Result<std::unique_ptr<Door>> open_door(const ReceiverConfig& config);

}  // namespace backstay::ctl
