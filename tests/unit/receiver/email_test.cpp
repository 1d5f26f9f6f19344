#include "receiver/channels/email.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/manual_clock.h"

namespace backstay {
namespace {

using std::chrono::milliseconds;

// Takes its time, or as much of it as the deadline lets it have, and then nothing is sent.
struct ScriptedSmtp final : SmtpClient {
  explicit ScriptedSmtp(test::ManualClock& its_clock) : clock(its_clock) {}
  Result<void> send(const SmtpRequest& request) override {
    requests.push_back(request);
    const milliseconds needed = hangs.count(request.to) > 0 ? milliseconds::max() : takes;
    clock.advance(std::min(needed, request.deadline));
    if (needed > request.deadline) return fail("no answer");
    const auto problem = problems.find(request.to);
    if (problem != problems.end()) return fail(problem->second);
    took.push_back(request.to);
    return {};
  }
  test::ManualClock& clock;
  milliseconds takes{0};
  std::vector<SmtpRequest> requests;
  std::vector<std::string> took;
  std::map<std::string, std::string> problems;  // by mailbox
  std::set<std::string> hangs;                  // mailboxes
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
  // How many attempts until all have it; 0 where that takes too many. None is longer than it may.
  int attempts_until_sent() {
    for (int attempt = 1; attempt <= 40; ++attempt) {
      const SteadyTime begin = clock.steady();
      const std::string said = outcome();
      EXPECT_LE(clock.steady() - begin, config.timeout);
      if (said == "sent") return attempt;
    }
    return 0;
  }
  test::ManualClock clock;
  ScriptedSmtp smtp{clock};
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
  smtp.takes = milliseconds(4000);
  EXPECT_EQ(outcome(), "sent");
  ASSERT_EQ(smtp.requests.size(), 2U);
  EXPECT_EQ(smtp.requests[0].deadline, milliseconds(7500));
  EXPECT_EQ(smtp.requests[1].deadline, milliseconds(11'000)) << "with what the first left over";
}

TEST_F(EmailTest, AMailboxThatHangsKeepsNoOtherFromBeingToldAndThenHasAllTheTime) {
  config.timeout = milliseconds(15'000);
  config.envelope.to = {"a@example.com", "b@example.com", "c@example.com"};
  smtp.takes = milliseconds(4000);
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

// An equal share of 15 s would be less than one mail takes, for the first and so for each.
TEST_F(EmailTest, AServerThatIsSlowToGreetIsWaitedForHoweverManyMailboxesThereAre) {
  smtp.takes = milliseconds(5500);
  config.envelope.to.clear();
  for (char name = 'a'; name < 'a' + 20; ++name) {
    config.envelope.to.push_back(std::string(1, name) + "@example.com");
  }
  EXPECT_EQ(outcome(), "mailbox 3: no answer");
  EXPECT_EQ(smtp.took, (Mailboxes{"a@example.com", "b@example.com"}));
  EXPECT_EQ(smtp.requests.size(), 3U) << "without time nothing is begun";
  EXPECT_EQ(attempts_until_sent(), 9) << "two in each attempt";
  EXPECT_EQ(smtp.took, config.envelope.to) << "each once, and none before one that waited longer";
}

TEST_F(EmailTest, MailboxesThatHangDoNotTakeTheTimeOfAnotherInEachAttempt) {
  config.timeout = milliseconds(17'000);
  config.envelope.to = {"a@example.com", "b@example.com", "c@example.com", "d@example.com"};
  smtp.takes = milliseconds(4500);
  smtp.hangs = {"a@example.com", "b@example.com"};
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_TRUE(smtp.took.empty()) << "two of 7 s leave 3 s";
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_EQ(smtp.took, (Mailboxes{"c@example.com", "d@example.com"}));
  smtp.hangs.clear();
  EXPECT_EQ(attempts_until_sent(), 1);
}

TEST_F(EmailTest, ATimeoutThatIsShortIsForTheFirstAndThenForTheNext) {
  config.timeout = milliseconds(3000);
  smtp.takes = milliseconds(2500);
  smtp.hangs = {"a@example.com"};
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_EQ(outcome(), "mailbox 1: no answer");
  EXPECT_EQ(smtp.took, (Mailboxes{"b@example.com"}));
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
