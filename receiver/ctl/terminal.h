#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "receiver/ctl/command.h"

namespace backstay::ctl {

// Rows under a heading, columns as wide as their widest cell (in characters, not bytes). Cells are
// from outside, so they are made printable: none begins a line of its own or moves the cursor.
std::string table(const std::vector<std::string>& heading,
                  std::vector<std::vector<std::string>> rows);

// "2026-11-23T08:13:04.250Z" as people read it: "2026-11-23 08:13:04".
std::string readable_time(const std::string& rfc3339);
// "12.3 MB".
std::string readable_bytes(double bytes);

// One JSON document, indented. Bytes that are not UTF-8 are replaced: what a command printed may
// hold any.
std::string as_document(const nlohmann::json& json);

// Asks on the terminal; true for y or yes. Without a terminal the answer is no, and it says that
// --yes is needed.
bool ask(const std::string& question);

// Who runs the command: SUDO_USER, or the user's own name.
std::string actor();

// Calls the operation. An answer that is an error or a refusal is printed (as JSON too) and its
// exit code set; otherwise the answer.
std::optional<nlohmann::json> call(Door& door, const std::string& operation,
                                   const nlohmann::json& parameters, const Options& options,
                                   Exit& exit);

}  // namespace backstay::ctl
