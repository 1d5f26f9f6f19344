#include "exporter/web/server.h"

#include "exporter/web/listener.h"

namespace backstay::web {

struct Server::Impl final : Listener {
  explicit Impl(Handler given) : handler(std::move(given)) {}
  ~Impl() override { stop(); }
  Response handle(const Request& request, mg_connection& /*connection*/) override {
    return handler(request);
  }

  const Handler handler;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

const std::vector<std::string>& Server::addresses() const { return impl_->addresses(); }

Result<std::unique_ptr<Server>> Server::start(const std::vector<std::string>& addresses,
                                              Handler handler, int threads) {
  auto impl = std::make_unique<Impl>(std::move(handler));
  Listener::Options options;
  options.threads = threads;
  if (auto listens = impl->listen(addresses, options); !listens) {
    return fail(listens.error());
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace backstay::web
