#include "receiver/channels/email.h"

#include <gtest/gtest.h>

#include "tests/manual_clock.h"

namespace backstay {
namespace {

using std::chrono::milliseconds;

struct ScriptedSmtp final : SmtpClient {
  Result<void> send(const SmtpRequest& request) override {
    requests.push_back(request);
    if (hangs.count(request.to) > 0) {
      clock->advance(request.deadline);
      return fail("no answer");
    }
    if (clock != nullptr) clock->advance(milliseconds(4000));
    const auto problem = problems.find(request.to);
    if (problem != problems.end()) return fail(problem->second);
    return {};
  }
  std::vector<SmtpRequest> requests;
  std::map<std::string, std::string> problems;  // by mailbox
  std::set<std::string> hangs;                  // mailboxes; wants a clock
  test::ManualClock* clock = nullptr;
};

struct EmailTest : ::testing::Test {
  EmailTest() {
    config.host = "mail.example.com";
    config.envelope = {"shop", "backstay@example.com", {"a@example.com", "b@example.com"}};
    message.idempotency_key = "backstay-7";
    message.title = "shop: rollback failed";
  }
  EmailChannel& channel() {
    if (!made) made = std::make_unique<EmailChannel>(config, smtp, clock);
    return *made;
  }
  std::string outcome() {
    const auto sent = channel().send(message);
    return sent ? "sent" : sent.error().message;
  }
  std::vector<std::string> mailboxes() const {
    std::vector<std::string> found;
    for (const SmtpRequest& request : smtp.requests) found.push_back(request.to);
    return found;
  }
  test::ManualClock clock;
  ScriptedSmtp smtp;
  EmailConfig config;
  Message message;
  std::unique_ptr<EmailChannel> made;
};

using Mailboxes = std::vector<std::string>;

TEST_F(EmailTest, EachMailboxGetsTheSameMail) {
  config.user = "backstay";
  config.password = SecretSource::literal(Secret("hunter2"));
  EXPECT_EQ(outcome(), "sent");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com", "b@example.com"}));
  for (const SmtpRequest& request : smtp.requests) {
    EXPECT_EQ(request.host, "mail.example.com");
    EXPECT_EQ(request.port, 587);
    EXPECT_EQ(request.tls, SmtpRequest::Tls::starttls);
    EXPECT_EQ(request.from, "backstay@example.com");
    EXPECT_EQ(request.user, "backstay");
    EXPECT_TRUE(request.password.equals("hunter2"));
    EXPECT_EQ(request.text, mail_text(message, config.envelope));
  }
  EXPECT_EQ(channel().name(), "email");
}

TEST_F(EmailTest, AMailboxThatIsRefusedKeepsNoOtherFromBeingToldAndIsTriedAgainAlone) {
  smtp.problems["a@example.com"] = "the mail server refuses (550)";
  EXPECT_EQ(outcome(), "mailbox 1: the mail server refuses (550)");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com", "b@example.com"}));
  smtp.requests.clear();
  EXPECT_EQ(outcome(), "mailbox 1: the mail server refuses (550)");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com"}));
  smtp.requests.clear();
  smtp.problems.clear();
  EXPECT_EQ(outcome(), "sent");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com"}));
  message.idempotency_key = "backstay-8";
  smtp.requests.clear();
  EXPECT_EQ(outcome(), "sent");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com", "b@example.com"})) << "the next goes to all";
}

TEST_F(EmailTest, TheDeadlineIsForAllMailboxesTogether) {
  config.timeout = milliseconds(15'000);
  smtp.clock = &clock;
  EXPECT_EQ(outcome(), "sent");
  ASSERT_EQ(smtp.requests.size(), 2U);
  EXPECT_EQ(smtp.requests[0].deadline, milliseconds(7500));
  EXPECT_EQ(smtp.requests[1].deadline, milliseconds(11'000)) << "with what the first left over";
}

TEST_F(EmailTest, AMailboxThatHangsKeepsNoOtherFromBeingToldAndThenHasAllTheTime) {
  config.timeout = milliseconds(15'000);
  config.envelope.to = {"a@example.com", "b@example.com", "c@example.com"};
  smtp.clock = &clock;
  smtp.hangs = {"a@example.com"};
  const SteadyTime begin = clock.steady();
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com", "b@example.com", "c@example.com"}));
  EXPECT_LE(clock.steady() - begin, config.timeout);
  smtp.requests.clear();
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_EQ(mailboxes(), (Mailboxes{"a@example.com"})) << "the others have it";
  EXPECT_EQ(smtp.requests[0].deadline, config.timeout);
}

TEST_F(EmailTest, APasswordThatCannotBeReadIsAnError) {
  config.user = "backstay";
  config.password = SecretSource::file("/nowhere/password");
  EXPECT_EQ(outcome(), "/nowhere/password: No such file or directory");
  EXPECT_TRUE(smtp.requests.empty());
}

TEST_F(EmailTest, ATemplateIsTheWholeBodyAndNoTitleBecomesAHeader) {
  message.text = "the text";
  message.fields = {{"run", "4"}};
  message.title = "shop\r\nBcc: eve@example.com";
  const Wording wording{"shop", *MessageTemplate::parse("[{{severity}}] {{title}}", "t"),
                        *MessageTemplate::parse("{{text}} of {{service}}", "t")};
  message.severity = "error";
  EmailChannel worded(config, smtp, clock, wording);
  ASSERT_TRUE(worded.send(message));
  const std::string& text = smtp.requests.at(0).text;
  EXPECT_NE(text.find("Subject: [error] shop  Bcc: eve@example.com\r\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), "the text of shop\r\n");
}

}  // namespace
}  // namespace backstay
