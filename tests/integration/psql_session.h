#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/integration/postgres_cluster.h"
#include "tests/temporary_folder.h"

namespace backstay::test {

// A session that stays open between statements, for what one transaction must not see of another.
class PsqlSession {
 public:
  PsqlSession(const PostgresCluster& cluster, const std::string& database) {
    const std::string command = PostgresCluster::bin_dir() +
                                "/psql -qX -v ON_ERROR_STOP=1 -o /dev/null -d '" +
                                cluster.url(database) + "'";
    psql_ = ::popen(command.c_str(), "w");
    if (psql_ == nullptr) throw std::runtime_error("popen");
  }
  ~PsqlSession() { close(); }
  PsqlSession(const PsqlSession&) = delete;
  PsqlSession& operator=(const PsqlSession&) = delete;

  // Returns once the server has done it.
  void run(const std::string& sql) {
    const std::string mark = folder_.path("done" + std::to_string(++count_));
    std::fprintf(psql_, "%s;\n\\! touch %s\n", sql.c_str(), mark.c_str());
    std::fflush(psql_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!std::filesystem::exists(mark)) {
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error("psql: " + sql);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  // Its transaction, if there is one, is rolled back.
  void close() {
    if (psql_ != nullptr) ::pclose(psql_);
    psql_ = nullptr;
  }

 private:
  TemporaryFolder folder_;
  std::FILE* psql_ = nullptr;
  int count_ = 0;
};

}  // namespace backstay::test
