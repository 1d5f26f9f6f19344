#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>

#include "base/clock.h"
#include "receiver/control.h"
#include "receiver/intake/server.h"
#include "receiver/journal/database.h"
#include "receiver/worker/worker.h"

namespace backstay {

// What the receiver answers beside its webhooks:
//   GET /metrics     text format 0.0.4
//   GET /-/healthy   200 while the process answers
//   GET /-/ready     200 while the journal can be read and written and the worker goes round and
//                    gets on; else 503 and why
//   GET /            what this is, with links
// and on control.sock only: POST /control/<operation>.
class Endpoints {
 public:
  using Webhook = std::function<intake::Response(const intake::Request&)>;

  Endpoints(Webhook webhook, std::vector<std::shared_ptr<prometheus::Collectable>> collectables,
            journal::Database& journal, const Worker& worker, Clock& clock)
      : webhook_(std::move(webhook)),
        collectables_(std::move(collectables)),
        journal_(journal),
        worker_(worker),
        clock_(clock) {}

  intake::Response handle(const intake::Request& request);
  // Nothing when ready; otherwise why not.
  std::string not_ready();

 private:
  intake::Response metrics();

  Webhook webhook_;
  std::vector<std::shared_ptr<prometheus::Collectable>> collectables_;
  journal::Database& journal_;
  const Worker& worker_;
  Clock& clock_;
};

// The operator's door: authorised by the permissions of the socket it comes through.
intake::Response handle_control(Control& control, const intake::Request& request);

}  // namespace backstay
