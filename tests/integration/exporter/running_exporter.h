#pragma once

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/http_client.h"
#include "exporter/app.h"
#include "exporter/config.h"
#include "tests/temporary_folder.h"

namespace backstay::test {

// What one GET /metrics brought.
struct Scrape {
  int status = 0;
  std::string text;
  std::map<std::string, double> series;  // "pg_up" or "name{label=\"value\"}" → value

  [[nodiscard]] std::optional<double> value(const std::string& name) const {
    const auto found = series.find(name);
    return found == series.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<double> success(const std::string& collector) const {
    return value("backstay_scrape_collector_success{collector=\"" + collector + "\"}");
  }
  // The collectors that failed, in a text that says so.
  [[nodiscard]] std::string failed() const {
    std::string names;
    for (const auto& [name, value] : series) {
      const std::string head = "backstay_scrape_collector_success{collector=\"";
      if (name.rfind(head, 0) != 0 || value != 0) continue;
      names += (names.empty() ? "" : " ") + name.substr(head.size(), name.size() - head.size() - 2);
    }
    return names;
  }
  // How many series a family has.
  [[nodiscard]] double count(const std::string& family) const {
    return static_cast<double>(std::count_if(series.begin(), series.end(), [&](const auto& each) {
      return each.first.substr(0, each.first.find('{')) == family;
    }));
  }
  // Of all series of a family, whatever their labels.
  [[nodiscard]] double sum(const std::string& family) const {
    double sum = 0;
    for (const auto& [name, value] : series) {
      if (name.substr(0, name.find('{')) == family) sum += value;
    }
    return sum;
  }
};

// The exporter in this process on a free port, with a configuration file of its own.
class RunningExporter {
 public:
  explicit RunningExporter(const std::string& yaml,
                           const std::map<std::string, std::string>& files = {}) {
    for (const auto& [name, text] : files) write(name, text);
    write("exporter.yml", yaml);
    const auto config = load_exporter_config(path("exporter.yml"));
    if (!config) throw std::runtime_error(config.error().message);
    auto app = ExporterApp::start(*config, {{"127.0.0.1:0"}, "/metrics", 40, nullptr});
    if (!app) throw std::runtime_error(app.error().message);
    app_ = std::move(*app);
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::app) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
  [[nodiscard]] std::string address() const { return app_->addresses().front(); }

  // Says that it waits as long as this, as Prometheus does; it is more patient than that, for a
  // machine that is busy, and not as patient as what pays no heed to it.
  [[nodiscard]] Result<HttpResponse> ask(
      const std::string& path, const std::string& method = "GET",
      std::chrono::milliseconds timeout = std::chrono::seconds(30)) const {
    HttpRequest request;
    request.method = method;
    request.url = "http://" + address() + path;
    std::ostringstream seconds;
    seconds << std::chrono::duration<double>(timeout).count();
    request.headers = {{"X-Prometheus-Scrape-Timeout-Seconds", seconds.str()}};
    request.deadline = timeout + std::chrono::seconds(6);
    return CurlHttpClient().send(request);
  }
  [[nodiscard]] int status(const std::string& path, const std::string& method = "GET") const {
    const auto answer = ask(path, method);
    if (!answer) throw std::runtime_error(path + ": " + answer.error().message);
    return answer->status;
  }
  [[nodiscard]] Scrape scrape(std::chrono::milliseconds timeout = std::chrono::seconds(30)) const {
    const auto answer = ask("/metrics", "GET", timeout);
    if (!answer) throw std::runtime_error("/metrics: " + answer.error().message);
    Scrape scrape{answer->status, answer->body, {}};
    std::istringstream lines(answer->body);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line.front() == '#') continue;
      const std::size_t blank = line.rfind(' ');
      scrape.series[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
    }
    return scrape;
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ExporterApp> app_;
};

// Asks until the answer is the wanted one; false where it has not become so in a minute.
template <class Condition>
bool becomes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace backstay::test
