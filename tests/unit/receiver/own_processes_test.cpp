#include "receiver/own_processes.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/scripted_processes.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

struct OwnProcessesTest : ::testing::Test {
  test::TemporaryFolder folder;
  test::ScriptedProcesses programs;
};

TEST_F(OwnProcessesTest, AreToldWhoseTheyAre) {
  OwnProcesses own(programs, folder.path());
  Command command;
  command.environment = {{"BACKSTAY_RUN", "4"}};
  EXPECT_TRUE(own.run(command).ok());
  EXPECT_EQ(programs.commands.at(0).environment,
            (Marks{{"BACKSTAY_RUN", "4"}, {"BACKSTAY_STATE_DIR", folder.path()}}));
}

TEST_F(OwnProcessesTest, OfAnotherReceiverNothingIsEnded) {
  programs.on_end_leftovers = [](const Marks&) { return Leftovers{{12}, {}}; };
  OwnProcesses own(programs, folder.path());
  EXPECT_EQ(own.end_leftovers({{"BACKSTAY_RUN", "4"}}, {})->ended, std::vector<pid_t>{12});
  EXPECT_EQ(programs.marks_to_end.at(0),
            (Marks{{"BACKSTAY_RUN", "4"}, {"BACKSTAY_STATE_DIR", folder.path()}}));
}

TEST_F(OwnProcessesTest, TheFolderHasOneNameWhereverItIsCalledFrom) {
  std::filesystem::create_directory(folder.path("state"));
  std::filesystem::create_symlink("state", folder.path("link"));
  OwnProcesses(programs, folder.path("link/../link")).run({});
  EXPECT_EQ(programs.commands.at(0).environment.at(0).second, folder.path("state"));
}

}  // namespace
}  // namespace backstay
