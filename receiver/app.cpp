#include "receiver/app.h"

#include "base/log.h"
#include "base/self_metrics.h"
#include "receiver/channels/email.h"
#include "receiver/channels/log_channel.h"
#include "receiver/channels/slack.h"
#include "receiver/channels/template_failures.h"
#include "receiver/intake/server_metrics.h"
#include "receiver/journal_metrics.h"

namespace backstay {
namespace {

// The explicit table of channels.
Result<std::vector<std::unique_ptr<Channel>>> make_channels(const ReceiverConfig& config,
                                                            HttpClient& http, SmtpClient& smtp,
                                                            Clock& clock,
                                                            prometheus::Registry& registry) {
  TemplateFailures failures(registry);
  std::vector<std::unique_ptr<Channel>> channels;
  for (const NotifyConfig& notify : config.notify) {
    const Wording wording = failures.counted(notify.wording, notify.channel);
    if (notify.channel == "log") channels.push_back(std::make_unique<LogChannel>(wording));
    if (notify.channel == "slack") {
      channels.push_back(std::make_unique<SlackChannel>(*notify.url, http, wording));
    }
    if (notify.channel == "email") {
      channels.push_back(std::make_unique<EmailChannel>(*notify.email, smtp, clock, wording));
    }
  }
  return channels;
}

}  // namespace

Result<std::unique_ptr<App>> App::start(ReceiverConfig config,
                                        const std::vector<std::string>& addresses,
                                        const intake::WebAccess& access) {
  std::unique_ptr<App> app(new App());
  if (auto wired = app->wire(std::move(config), addresses, access); !wired) {
    return fail(wired.error());
  }
  return app;
}

Result<void> App::wire(ReceiverConfig config, const std::vector<std::string>& addresses,
                       const intake::WebAccess& access) {
  auto core = Core::open(std::move(config), clock_, http_, processes_);
  if (!core) return fail(core.error());
  core_ = std::move(*core);

  registry_ = std::make_shared<prometheus::Registry>();
  register_build_info(*registry_, "backstay-receiver");

  auto channels = make_channels(core_->config(), http_, smtp_, clock_, *registry_);
  if (!channels) return fail(channels.error());
  outbox_ = std::make_unique<OutboxSender>(std::move(*channels), core_->config().service,
                                           core_->journal(), clock_);

  upkeep_ =
      std::make_unique<journal::Upkeep>(core_->journal(), core_->config().journal_keep, clock_);

  queue_ = std::make_unique<EventQueue>(core_->journal(), clock_);
  auto webhooks = intake::Webhooks::create(
      core_->config().webhooks,
      [this](const std::vector<Event>& events) {
        auto appended = queue_->append(events);
        if (appended && appended->stored > 0) core_->worker().wake();
        return appended;
      },
      clock_, *registry_, core_->config().trusted_proxies);
  if (!webhooks) return fail(webhooks.error());
  webhooks_ = std::move(*webhooks);

  guard_ = std::make_shared<intake::WebGuard>(access);
  server_ = std::make_unique<intake::Server>(
      [this](intake::Request& request) {
        if (request.remote_address.empty()) return handle_control(core_->control(), request);
        return guard_->handle(request, [this](const intake::Request& admitted) {
          return endpoints_->handle(admitted);
        });
      },
      intake::ServerLimits{.shared_peers = intake::with_loopback(core_->config().trusted_proxies)},
      access.tls);
  database_watch_ = std::make_shared<DatabaseWatch>(core_->config().backups.database_url, clock_);
  endpoints_ = std::make_unique<Endpoints>(
      [this](const intake::Request& request) { return webhooks_->handle(request); },
      std::vector<std::shared_ptr<prometheus::Collectable>>{
          registry_, std::make_shared<ProcessCollector>(),
          std::make_shared<intake::ServerMetrics>(*server_), guard_, database_watch_,
          std::make_shared<JournalMetrics>(core_->journal(), core_->worker(),
                                           core_->kill_switch())},
      core_->journal(), core_->worker(), clock_);
  // The operator's door first: once an address is told to the log, all of them are open.
  if (auto bound = server_->listen_unix(core_->config().socket_path()); !bound) return bound;
  for (const std::string& address : addresses) {
    auto bound = server_->listen(address);
    if (!bound) return fail(bound.error());
    addresses_.push_back(*bound);
  }
  for (const std::string& address : addresses_) log::info("listening", {{"address", address}});

  watch_thread_ = std::jthread([this](const std::stop_token& stop) { database_watch_->run(stop); });
  if (const std::string damage = core_->journal().damage(); !damage.empty()) {
    log::error("nothing is taken and nothing is done", {{"journal", damage}});
    return {};
  }
  upkeep_thread_ = std::jthread([this](const std::stop_token& stop) { upkeep_->run(stop); });
  outbox_thread_ = std::jthread([this](const std::stop_token& stop) { outbox_->run(stop); });
  worker_thread_ = std::jthread([this](const std::stop_token& stop) { core_->worker().run(stop); });
  return {};
}

App::~App() {
  if (server_) server_->stop();
  for (std::jthread* thread : {&worker_thread_, &outbox_thread_, &upkeep_thread_, &watch_thread_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

}  // namespace backstay
