#pragma once

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pg.h"
#include "base/subprocess.h"

namespace backstay::test {

// A private PostgreSQL on a free port, in a folder of its own, gone with the test. As root it runs
// as the user postgres, since PostgreSQL refuses root. Stopped and frozen by process id.
class PostgresCluster {
 public:
  explicit PostgresCluster(std::vector<std::string> settings = {}) : port_(free_port()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "backstay-pg-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    dir_ = pattern;
    if (::getuid() == 0) {
      const passwd* postgres = ::getpwnam("postgres");
      if (postgres == nullptr) throw std::runtime_error("there is no user postgres");
      if (::chown(dir_.c_str(), postgres->pw_uid, postgres->pw_gid) != 0) {
        throw std::runtime_error("chown");
      }
    }
    run({"initdb", "--pgdata=" + dir_ + "/data", "--auth=trust", "--username=postgres", "--no-sync",
         "--encoding=UTF8", "--locale=C.UTF-8"});
    std::ofstream conf(dir_ + "/data/postgresql.conf", std::ios::app);
    conf << "port=" << port_ << "\nlisten_addresses='127.0.0.1'\nunix_socket_directories='" << dir_
         << "'\nfsync=off\nlogging_collector=off\n";
    for (const std::string& setting : settings) conf << setting << '\n';
    conf.close();
    start();
  }
  ~PostgresCluster() {
    thaw();
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  static std::string bin_dir() { return "/usr/lib/postgresql/15/bin"; }
  [[nodiscard]] std::string url(const std::string& database) const {
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
  }
  [[nodiscard]] int port() const { return port_; }

  void execute(const std::string& sql, const std::string& database = "postgres") const {
    Command command;
    command.argv = {
        bin_dir() + "/psql",         "--no-psqlrc",     "--quiet", "--set=ON_ERROR_STOP=1",
        "--dbname=" + url(database), "--command=" + sql};
    const CommandResult result = SystemProcessRunner().run(command);
    if (!result.ok()) throw std::runtime_error("psql: " + result.describe());
  }

  void start() {
    run({"pg_ctl", "start", "--wait", "--silent", "--pgdata=" + dir_ + "/data",
         "--log=" + dir_ + "/log"});
    std::ifstream(dir_ + "/data/postmaster.pid") >> postmaster_;
  }
  void stop() {
    if (postmaster_ == 0) return;
    run({"pg_ctl", "stop", "--wait", "--silent", "--mode=immediate", "--pgdata=" + dir_ + "/data"});
    postmaster_ = 0;
  }

  // The whole cluster answers nothing until thaw(): connections are taken by the kernel, no more.
  void freeze() { signal_all(SIGSTOP); }
  void thaw() { signal_all(SIGCONT); }

 private:
  // Below the kernel's own, so that no connection has it by chance when the server starts again.
  static int free_port() {
    int kernels = 0;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> kernels;
    std::random_device random;
    for (;;) {
      const int port =
          std::uniform_int_distribution<int>(10'000, std::max(kernels, 20'000) - 1)(random);
      if (is_free(port)) return port;
    }
  }
  static bool is_free(int port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int bound = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::close(probe);
    return bound == 0;
  }

  // A server that is started this way outlives its starter, which PDEATHSIG would not allow for a
  // direct child: pg_ctl gives it a session of its own.
  void run(std::vector<std::string> argv) const {
    argv.front() = bin_dir() + "/" + argv.front();
    if (::getuid() == 0) {
      argv.insert(argv.begin(),
                  {"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"});
    }
    Command command;
    command.argv = argv;
    const CommandResult result = SystemProcessRunner().run(command);
    if (!result.ok()) throw std::runtime_error(argv.back() + ": " + result.describe());
  }

  void signal_all(int signal) const {
    if (postmaster_ == 0) return;
    // The postmaster first when stopping, so that it starts no new process meanwhile.
    ::kill(postmaster_, signal);
    const std::string tasks = "/proc/" + std::to_string(postmaster_) + "/task/" +
                              std::to_string(postmaster_) + "/children";
    std::ifstream children(tasks);
    for (pid_t child = 0; children >> child;) ::kill(child, signal);
  }

  std::string dir_;
  int port_;
  pid_t postmaster_ = 0;
};

}  // namespace backstay::test
