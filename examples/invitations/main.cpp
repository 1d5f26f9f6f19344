// A small invitation service, made to be watched and broken: sign up, invite, accept, reject.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "access_log.h"
#include "settings.h"
#include "store.h"

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

httplib::Server* running = nullptr;

void reply(httplib::Response& response, int status, const json& body) {
  response.status = status;
  response.set_content(body.dump() + "\n", "application/json");
}

std::string text_field(const httplib::Request& request, const char* name) {
  const json body = json::parse(request.body, nullptr, false);
  return body.is_object() && body.contains(name) && body[name].is_string()
             ? body[name].get<std::string>()
             : "";
}

long id_in_path(const httplib::Request& request) {
  return std::strtol(request.matches[1].str().c_str(), nullptr, 10);
}

// Every n-th request fails, so that a third is a third and not about a third.
class Bug {
 public:
  explicit Bug(double share) : share_(share) {}
  bool strikes() {
    const double before = share_ * static_cast<double>(count_++);
    return static_cast<long>(before + share_) > static_cast<long>(before);
  }

 private:
  double share_;
  std::atomic<long> count_{0};
};

void answer_with(httplib::Server& server, Store& store, const std::string& verb,
                 const std::string& status) {
  server.Post("/api/invitations/(\\d{1,18})/" + verb,
              [&store, status](const httplib::Request& request, httplib::Response& response) {
                if (store.answer(id_in_path(request), status)) {
                  reply(response, 200, {{"status", status}});
                } else {
                  reply(response, 409, {{"error", "not a pending invitation"}});
                }
              });
}

void add_routes(httplib::Server& server, Store& store, const Settings& settings) {
  server.Get("/health", [&store](const httplib::Request&, httplib::Response& response) {
    store.check();
    reply(response, 200, {{"status", "ok"}});
  });
  const std::string release = settings.release;
  server.Get("/version", [release](const httplib::Request&, httplib::Response& response) {
    reply(response, 200, {{"release", release}});
  });
  server.Post("/api/users", [&store](const httplib::Request& request, httplib::Response& response) {
    const std::string email = text_field(request, "email");
    const auto id = email.empty() ? std::nullopt : store.sign_up(email);
    id ? reply(response, 201, {{"id", *id}}) : reply(response, 409, {{"error", "email"}});
  });
  server.Post("/api/invitations", [&store](const httplib::Request& request,
                                           httplib::Response& response) {
    const json body = json::parse(request.body, nullptr, false);
    const std::string email = text_field(request, "email");
    if (email.empty() || !body.contains("inviter") || !body["inviter"].is_number()) {
      return reply(response, 400, {{"error", "inviter and email are needed"}});
    }
    const auto id = store.invite(body["inviter"].get<long>(), email);
    id ? reply(response, 201, {{"id", *id}}) : reply(response, 404, {{"error", "no such inviter"}});
  });
  server.Get("/api/invitations/(\\d{1,18})",
             [&store](const httplib::Request& request, httplib::Response& response) {
               const auto status = store.status_of(id_in_path(request));
               status ? reply(response, 200, {{"status", *status}})
                      : reply(response, 404, {{"error", "no such invitation"}});
             });
  answer_with(server, store, "accept", "accepted");
  answer_with(server, store, "reject", "rejected");
}

// Renamed into place, so that whoever waits for the file finds it whole.
void write_port(const std::string& path, int port) {
  if (path.empty()) return;
  std::ofstream(path + ".new") << port << '\n';
  std::rename((path + ".new").c_str(), path.c_str());
}

int serve(const Settings& settings, const std::string& database_url) {
  Store store(database_url);
  AccessLog log(settings.access_log.empty() ? "/dev/stdout" : settings.access_log);
  Bug bug(settings.fail_share);
  thread_local Clock::time_point begin;

  httplib::Server server;
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(10'000);
  server.new_task_queue = []() { return new httplib::ThreadPool(16); };
  server.set_pre_routing_handler([&](const httplib::Request& request, httplib::Response& response) {
    begin = Clock::now();
    if (request.path.rfind("/api/", 0) != 0 || !bug.strikes()) {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    reply(response, 500, {{"error", "a bug of release " + settings.release}});
    return httplib::Server::HandlerResponse::Handled;
  });
  server.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
        reply(response, 503, {{"error", "the database does not answer"}});
      });
  server.set_logger([&](const httplib::Request& request, const httplib::Response& response) {
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    log.write(request, response, seconds.count());
  });
  add_routes(server, store, settings);

  const bool any = settings.port == 0;
  const int port = any ? server.bind_to_any_port(settings.host)
                       : (server.bind_to_port(settings.host, settings.port) ? settings.port : -1);
  if (port < 0) {
    std::cerr << "invitations: cannot listen on port " << settings.port << '\n';
    return 1;
  }
  running = &server;
  std::signal(SIGTERM, [](int) { running->stop(); });
  write_port(settings.port_file, port);
  std::cerr << "invitations: release " << settings.release << " listens on " << port << '\n';
  return server.listen_after_bind() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = read_settings(argc, argv);
  const char* url = std::getenv("DATABASE_URL");
  if (url == nullptr) {
    std::cerr << "invitations: DATABASE_URL is not set\n";
    return 2;
  }
  try {
    return serve(settings, url);
  } catch (const std::exception& error) {
    std::cerr << "invitations: " << error.what() << '\n';
    return 1;
  }
}
