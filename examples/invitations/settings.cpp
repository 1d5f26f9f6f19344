#include "settings.h"

#include <cstdlib>
#include <iostream>

namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::cerr << "invitations: " << why
            << "\nusage: invitations [--release NAME] [--port N] [--port-file FILE] "
               "[--access-log FILE] [--fail-share 0..1]\n";
  std::exit(2);
}

double number(const std::string& flag, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') refuse(flag + ": not a number");
  return value;
}

}  // namespace

Settings read_settings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) refuse(flag + ": its value is missing");
    const std::string value = argv[i + 1];
    if (flag == "--release") {
      settings.release = value;
    } else if (flag == "--port") {
      settings.port = static_cast<int>(number(flag, value));
    } else if (flag == "--port-file") {
      settings.port_file = value;
    } else if (flag == "--access-log") {
      settings.access_log = value;
    } else if (flag == "--fail-share") {
      settings.fail_share = number(flag, value);
    } else {
      refuse("unknown flag " + flag);
    }
  }
  return settings;
}
