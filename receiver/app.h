#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/result.h"
#include "base/smtp_client.h"
#include "base/subprocess.h"
#include "receiver/channels/outbox_sender.h"
#include "receiver/core.h"
#include "receiver/database_watch.h"
#include "receiver/endpoints.h"
#include "receiver/intake/event_queue.h"
#include "receiver/intake/server.h"
#include "receiver/intake/web_guard.h"
#include "receiver/intake/webhooks.h"
#include "receiver/journal/upkeep.h"

namespace backstay {

// The receiver, wired in the order in which an event flows: webhooks → journal → worker → outbox.
// It runs from start() until it is destroyed. A database or a Prometheus that is down is no reason
// not to start. With a damaged journal it starts to say so, and takes and does nothing.
class App {
 public:
  // Listens on every address ("127.0.0.1:9879", port 0 allowed) and on control.sock.
  static Result<std::unique_ptr<App>> start(ReceiverConfig config,
                                            const std::vector<std::string>& addresses,
                                            const intake::WebAccess& access);
  // Stops taking requests, then the worker after the step it is in, then the outbox.
  ~App();

  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  App() = default;
  Result<void> wire(ReceiverConfig config, const std::vector<std::string>& addresses,
                    const intake::WebAccess& access);

  // In the order of construction; destroyed in reverse.
  SystemClock clock_;
  CurlHttpClient http_;
  CurlSmtpClient smtp_;
  SystemProcessRunner processes_;
  std::unique_ptr<Core> core_;
  std::shared_ptr<prometheus::Registry> registry_;
  std::unique_ptr<OutboxSender> outbox_;
  std::unique_ptr<journal::Upkeep> upkeep_;
  std::unique_ptr<EventQueue> queue_;
  std::unique_ptr<intake::Webhooks> webhooks_;
  std::shared_ptr<DatabaseWatch> database_watch_;
  std::unique_ptr<Endpoints> endpoints_;
  std::shared_ptr<intake::WebGuard> guard_;
  std::unique_ptr<intake::Server> server_;
  std::vector<std::string> addresses_;
  std::jthread watch_thread_;
  std::jthread upkeep_thread_;
  std::jthread outbox_thread_;
  std::jthread worker_thread_;
};

}  // namespace backstay
