#include "exporter/sources/log_folder.h"

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

TEST(LogFolder, KnowsWhatARotationCallsAFile) {
  for (const char* name : {"/l/a.log.1", "/l/a.log.10", "/l/a.log-20261125",
                           "/l/a.log.2026-11-25_10", "/l/a.log-2026-11-25T10:00:00Z",
                           "/l/a.log.old", "/l/a.1.log", "/l/a-20261125.log", "/l/a.log_2"}) {
    EXPECT_TRUE(is_rotated_name("/l/a.log", name)) << name;
  }
  for (const char* name : {"/l/a.log", "/l/a.log.api", "/l/a.log.1.api", "/l/b.log.1", "/l/ab.log",
                           "/l/a.log1", "/l/a.log.", "/l/a.logs", "/l/a-api.log", "/l/a1.log"}) {
    EXPECT_FALSE(is_rotated_name("/l/a.log", name)) << name;
  }
  EXPECT_TRUE(is_rotated_name("/l.d/access", "/l.d/access.1"));
  EXPECT_FALSE(is_rotated_name("/l.d/access", "/l.1.d/access"));
}

TEST(LogFolder, KnowsWhatIsCompressed) {
  for (const char* name : {"a.gz", "a.xz", "a.zst", "a.bz2", "a.Z", "a.lz4"}) {
    EXPECT_TRUE(is_compressed(name)) << name;
  }
  EXPECT_FALSE(is_compressed("access.log.1"));
}

TEST(LogFolder, AGlobMatchesAsTheShellDoes) {
  EXPECT_TRUE(is_glob("/l/*.log"));
  EXPECT_FALSE(is_glob("/l/a.log"));
  EXPECT_TRUE(matches("/l/*.log", "/l/a.log"));
  EXPECT_FALSE(matches("/l/*.log", "/l/x/a.log"));
  EXPECT_FALSE(matches("/l/*.log", "/l/.a.log"));
}

}  // namespace
}  // namespace backstay::sources
