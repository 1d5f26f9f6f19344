#include "receiver/ctl/door.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/http_client.h"
#include "base/shutdown.h"
#include "receiver/core.h"
#include "receiver/json_text.h"

namespace backstay::ctl {
namespace {

using nlohmann::json;

// An audit has 16 MiB of text at most, and JSON makes six characters of one at worst.
constexpr std::size_t kAnswerBytesMax = 128 * 1024 * 1024;

class Remote final : public Door {
 public:
  explicit Remote(std::string socket) : socket_(std::move(socket)) {}

  Result<json> call(const std::string& operation, const json& parameters) override {
    HttpRequest request;
    request.method = "POST";
    request.url = "http://backstay/control/" + operation;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = parameters.dump(-1, ' ', false, json::error_handler_t::replace);
    request.unix_socket = socket_;
    request.response_bytes_max = kAnswerBytesMax;
    request.deadline = std::chrono::seconds(70);  // longer than the driver may take to answer
    const auto answer = http_.send(request);
    if (!answer) return fail(answer.error());
    auto parsed = parse_json(answer->body);
    if (!parsed.is_object()) return fail("the receiver's answer is not understood");
    return parsed;
  }

  void work() override { clock_.sleep(std::chrono::milliseconds(100), {}); }
  [[nodiscard]] bool receiver_is_up() const override { return true; }

 private:
  std::string socket_;
  CurlHttpClient http_;
  SystemClock clock_;
};

class Local final : public Door {
 public:
  static Result<std::unique_ptr<Door>> open(const ReceiverConfig& config) {
    std::unique_ptr<Local> local(new Local());
    auto core = Core::open(config, local->clock_, local->http_, local->processes_);
    if (!core) return fail(core.error());
    local->core_ = std::move(*core);
    return std::unique_ptr<Door>(std::move(local));
  }

  Result<json> call(const std::string& operation, const json& parameters) override {
    return core_->control().handle(operation, parameters);
  }

  void work() override {
    if (!core_->worker().work_once({})) clock_.sleep(std::chrono::milliseconds(100), {});
  }
  [[nodiscard]] bool receiver_is_up() const override { return false; }

 private:
  Local() = default;
  SystemClock clock_;
  CurlHttpClient http_;
  SystemProcessRunner processes_;
  std::unique_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Door>> open_door(const ReceiverConfig& config) {
  const std::string socket = config.socket_path();
  if (std::filesystem::exists(socket)) {
    if (::access(socket.c_str(), W_OK) != 0) return fail(socket + ": " + std::strerror(errno));
    auto remote = std::make_unique<Remote>(socket);
    if (remote->call("status", json::object())) return std::unique_ptr<Door>(std::move(remote));
  }
  return Local::open(config);
}

}  // namespace backstay::ctl
