#include "receiver/channels/log_channel.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

std::string logged(const std::string& severity) {
  Message message;
  message.severity = severity;
  message.title = "shop: rollback failed";
  message.text = "a person is needed\nlevel=info msg=forged";
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(LogChannel().send(message));
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogChannel, TellsItOnceWithItsSeverity) {
  const std::string line = logged("critical");
  EXPECT_NE(line.find("msg=\"shop: rollback failed\""), std::string::npos) << line;
  EXPECT_NE(line.find("severity=critical"), std::string::npos) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << "a text cannot forge a line";
}

TEST(LogChannel, IsAsLoudAsTheMessage) {
  EXPECT_NE(logged("critical").find("level=error"), std::string::npos);
  EXPECT_NE(logged("error").find("level=error"), std::string::npos);
  EXPECT_NE(logged("warning").find("level=warn"), std::string::npos);
  EXPECT_NE(logged("info").find("level=info"), std::string::npos);
}

TEST(LogChannel, SaysItInTheUsersWords) {
  const Wording wording{"shop", *MessageTemplate::parse("{{severity}}!", "t"), std::nullopt};
  Message message;
  message.severity = "error";
  message.title = "shop: rollback failed";
  message.text = "a person is needed";
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(LogChannel(wording).send(message));
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("msg=error! "), std::string::npos) << line;
  EXPECT_NE(line.find("text=\"a person is needed\""), std::string::npos) << line;
}

TEST(LogChannel, IsCalledAsInTheConfiguration) { EXPECT_EQ(LogChannel().name(), "log"); }

}  // namespace
}  // namespace backstay
