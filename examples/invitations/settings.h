#pragma once

#include <string>

// How one release of the service is started.
struct Settings {
  std::string release = "1";
  std::string host = "127.0.0.1";
  int port = 0;            // 0 takes a free one
  std::string port_file;   // the real port is written here once it listens
  std::string access_log;  // combined format with the request's seconds at the end
  double fail_share =
      0;  // of requests below /api answered with 500: the bug that a release may have
};

// Reads --release, --port, --port-file, --access-log and --fail-share; ends the program with a
// message where they are wrong. The database's address comes from DATABASE_URL.
Settings read_settings(int argc, char** argv);
