#include "receiver/notify_config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct NotifyConfigTest : ::testing::Test {
  NotifyConfigTest() { std::ofstream(folder.path("password")) << "hunter2\n"; }
  std::vector<NotifyConfig> read(const std::string& entry) {
    auto root = ConfigNode::parse("notify:\n  - {" + entry + "}\n", "receiver.yml");
    EXPECT_TRUE(root);
    auto channels = read_notify(*root, "shop");
    const auto finished = root->finish();
    faults = finished ? "" : finished.error().message;
    return channels;
  }
  std::string faults_in(const std::string& entry) {
    read(entry);
    return faults;
  }
  test::TemporaryFolder folder;
  std::string faults;
};

constexpr const char* kMail = "channel: email, host: mail.example.com, from: b@example.com";

TEST_F(NotifyConfigTest, AMailNeedsAHostASenderAndAReader) {
  const auto channels = read(std::string(kMail) + ", to: [ops@example.com]");
  EXPECT_EQ(faults, "");
  ASSERT_EQ(channels.size(), 1U);
  EXPECT_TRUE(channels[0].severities.empty());
  EXPECT_EQ(channels[0].group_window, minutes(5));
  const EmailConfig& email = *channels[0].email;
  EXPECT_EQ(email.port, 587);
  EXPECT_EQ(email.tls, SmtpRequest::Tls::starttls) << "nothing in the clear unless asked for";
  EXPECT_EQ(email.timeout, seconds(15));
  EXPECT_EQ(email.envelope.service, "shop");
  EXPECT_EQ(email.envelope.to, std::vector<std::string>{"ops@example.com"});
  EXPECT_FALSE(email.password);
}

TEST_F(NotifyConfigTest, EverythingCanBeSaid) {
  const auto channels = read(std::string(kMail) +
                             ", to: [a@b.de, c@d.de], port: 465, tls: tls, ca_file: ca.pem, user: "
                             "u, password_file: " +
                             folder.path("password") +
                             ", timeout: 3s, severities: [error, critical], group_window: 0s");
  EXPECT_EQ(faults, "");
  const EmailConfig& email = *channels.at(0).email;
  EXPECT_EQ(email.port, 465);
  EXPECT_EQ(email.tls, SmtpRequest::Tls::from_the_start);
  EXPECT_TRUE(email.ca_file.ends_with("/ca.pem"));
  EXPECT_EQ(email.user, "u");
  EXPECT_TRUE(email.password->read()->equals("hunter2"));
  EXPECT_EQ(email.timeout, seconds(3));
  EXPECT_EQ(channels[0].severities, (std::vector<std::string>{"error", "critical"}));
  EXPECT_EQ(channels[0].group_window, milliseconds(0));
}

TEST_F(NotifyConfigTest, WhatCannotBeAnAddressIsNamed) {
  EXPECT_EQ(faults_in(std::string(kMail) + ", to: [\"ops@example.com\\r\\nBcc: x@y.de\"]"),
            "receiver.yml:2: notify[0].to: expected a mail address like ops@example.com");
  EXPECT_EQ(faults_in(std::string(kMail)),
            "receiver.yml:2: notify[0]: to is missing: a list of mail addresses");
  EXPECT_EQ(faults_in(std::string(kMail) + ", to: [a@b.de, a@b.de]"),
            "receiver.yml:2: notify[0].to: \"a@b.de\" is there twice");
  EXPECT_EQ(faults_in("channel: email, host: a/b, from: x@y.de, to: [a@b.de]"),
            "receiver.yml:2: notify[0].host: expected a host's name or address");
}

TEST_F(NotifyConfigTest, APasswordIsNeverForTheClear) {
  EXPECT_EQ(faults_in(std::string(kMail) + ", to: [a@b.de], tls: none, user: u, password_file: " +
                      folder.path("password")),
            "receiver.yml:2: notify[0].tls: none, and a password: it is sent only with TLS");
}

TEST_F(NotifyConfigTest, ASeverityThatDoesNotExistIsNamed) {
  EXPECT_EQ(faults_in("channel: log, severities: [page]"),
            "receiver.yml:2: notify[0].severities: \"page\" is none of: info, warning, error, "
            "critical");
  EXPECT_EQ(faults_in("channel: log, severities: []"),
            "receiver.yml:2: notify[0].severities: name at least one, or leave the key out for all "
            "of them");
}

TEST_F(NotifyConfigTest, EachChannelMayHaveTemplates) {
  std::ofstream(folder.path("ops.txt")) << "{{title}}: {{text}}\n";
  const auto channels = read("channel: log, title_template: \"{{severity}}\", template_file: " +
                             folder.path("ops.txt"));
  EXPECT_EQ(faults, "");
  ASSERT_EQ(channels.size(), 1U);
  EXPECT_EQ(channels[0].wording.service, "shop");
  EXPECT_TRUE(channels[0].wording.title);
  EXPECT_TRUE(channels[0].wording.text);
}

TEST_F(NotifyConfigTest, ATemplateWithAnUnknownPlaceholderNamesFileAndLine) {
  const std::string path = folder.path("ops.txt");
  std::ofstream(path) << "{{title}}\n{{sevrity}}\n";
  EXPECT_EQ(faults_in("channel: log, template_file: " + path),
            "receiver.yml:2: notify[0].template_file: " + path +
                ":2: unknown placeholder {{sevrity}}, there are: service, severity, title, text, "
                "time, run, times");
  EXPECT_EQ(faults_in("channel: log, template_file: " + path + ".none"),
            "receiver.yml:2: notify[0].template_file: " + path +
                ".none: cannot be read: No such file or directory");
  EXPECT_EQ(faults_in("channel: log, title_template: \"{{\""),
            "receiver.yml:2: notify[0].title_template: title_template:1: Unclosed tag");
}

}  // namespace
}  // namespace backstay
