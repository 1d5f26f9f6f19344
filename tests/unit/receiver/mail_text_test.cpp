#include "receiver/channels/mail_text.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "base/timestamp.h"

namespace backstay {
namespace {

struct MailTextTest : ::testing::Test {
  MailTextTest() {
    message.idempotency_key = "backstay-7.1795420800250.shop";
    message.created_at = from_unix_ms(1'795'420'800'250);
    message.severity = "critical";
    message.title = "shop: rollback failed";
    message.text = "a person is needed";
    message.fields = {{"run", "4"}};
  }
  std::string text() const { return mail_text(message, envelope); }
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    std::istringstream stream(text());
    for (std::string line; std::getline(stream, line);) found.push_back(line);
    return found;
  }
  // The names of the header's lines, without those that go on.
  std::vector<std::string> header_names() const {
    std::vector<std::string> names;
    for (const std::string& line : lines()) {
      if (line == "\r") break;
      if (line[0] != ' ') names.push_back(line.substr(0, line.find(':')));
    }
    return names;
  }
  std::string header(const std::string& name) const {
    for (const std::string& line : lines()) {
      if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
    }
    return "";
  }
  Message message;
  MailEnvelope envelope{"shop", "backstay@example.com", {"ops@example.com", "dev@example.com"}};
};

TEST_F(MailTextTest, IsWhatAMailReaderExpects) {
  EXPECT_EQ(text(),
            "From: backstay@example.com\r\n"
            "To: ops@example.com,\r\n dev@example.com\r\n"
            "Subject: shop: rollback failed\r\n"
            "Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n"
            "Message-ID: <backstay-7.1795420800250.shop@example.com>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "a person is needed\r\n"
            "\r\n"
            "severity: critical\r\n"
            "run: 4\r\n"
            "service: shop\r\n");
}

TEST_F(MailTextTest, ATextThatSaysAllIsNotAddedTo) {
  message.is_whole = true;
  EXPECT_TRUE(text().ends_with("\r\n\r\na person is needed\r\n")) << text();
}

TEST_F(MailTextTest, WhatIsTooLongIsCutBetweenCharacters) {
  message.is_whole = true;
  message.title = std::string(199, 'x') + "\xc3\xa4";
  message.text = std::string(32'767, ' ') + "\xc3\xa4";
  std::string words;  // of the subject, which has several lines
  for (std::size_t at = text().find("?Q?"); at != std::string::npos;
       at = text().find("?Q?", at + 1)) {
    words += text().substr(at + 3, text().find("?=", at) - at - 3);
  }
  EXPECT_EQ(words, std::string(199, 'x') + "=2E=2E=2E");
  EXPECT_TRUE(text().ends_with(" ...\r\n")) << text().substr(text().size() - 20);
  message.text = std::string(50'000, 'x');
  const std::string cut = text();
  EXPECT_EQ(
      std::count(cut.begin() + static_cast<std::ptrdiff_t>(cut.find("\r\n\r\n")), cut.end(), 'x'),
      32'768);
}

TEST_F(MailTextTest, NoTextBecomesAHeader) {
  const std::vector<std::string> wanted = header_names();
  for (const char* evil : {"a\r\nBcc: all@example.com", "a\nBcc: all@example.com",
                           "a\rBcc: all@example.com", "a\r\n\r\nbody", "a\v\f\x7f\x01 b"}) {
    message.title = evil;
    message.text = evil;
    message.fields = {{evil, evil}};
    message.severity = evil;
    EXPECT_EQ(header_names(), wanted);
  }
}

TEST_F(MailTextTest, EveryLineIsShortAsciiAndEndsInCrlf) {
  message.title = std::string(300, 'x') + "\xc3\xa4";
  message.text = std::string(3000, '=') + "\n.\n\xff \n \xe2\x82\xac" + std::string(100'000, 'y');
  for (const std::string& line : lines()) {
    ASSERT_TRUE(line.ends_with('\r')) << line;
    EXPECT_LE(line.size(), 77U) << line;
    EXPECT_EQ(line.find('\r'), line.size() - 1);
    for (char c : line) EXPECT_TRUE(c == '\r' || (c >= ' ' && c <= '~')) << line;
  }
  EXPECT_LT(text().size(), 120'000U);
}

TEST_F(MailTextTest, WhatIsNotAsciiIsEncoded) {
  message.title =
      "R\xc3\xbc"
      "ckbau 1_2";
  EXPECT_EQ(header("Subject"), "=?UTF-8?Q?R=C3=BCckbau_1=5F2?=\r");
  message.title = "=?UTF-8?Q?evil?=";
  EXPECT_EQ(header("Subject"), "=?UTF-8?Q?=3D=3FUTF=2D8=3FQ=3Fevil=3F=3D?=\r");
  message.title = "a\xff";
  EXPECT_EQ(header("Subject"), "=?UTF-8?Q?a=EF=BF=BD?=\r") << "what is no text is shown as that";
  message.text = "100 % \xe2\x82\xac = 1 \nnext";
  EXPECT_NE(text().find("\r\n\r\n100 % =E2=82=AC =3D 1=20\r\nnext\r\n"), std::string::npos);
}

TEST_F(MailTextTest, AnEncodedWordEndsAtACharacter) {
  message.title.clear();
  for (int i = 0; i < 40; ++i) message.title += "\xe2\x82\xac";
  std::string words = text();
  words = words.substr(words.find("Subject: ") + 9);
  words = words.substr(0, words.find("\r\nDate"));
  std::istringstream stream(words);
  int count = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t begin = line.find("?Q?") + 3;
    EXPECT_EQ((line.rfind("?=") - begin) % 9, 0U) << line;
    ++count;
  }
  EXPECT_EQ(count, 7) << "six characters of nine letters in each word";
}

// Where a mail server or a reader drops what it has already, only the same message is the same.
TEST_F(MailTextTest, TheMessageIdIsTheMessagesOwn) {
  const std::string first = header("Message-ID");
  EXPECT_EQ(header("Message-ID"), first);
  message.idempotency_key = "backstay-7.1795420800251.shop";
  EXPECT_EQ(header("Message-ID"), "<backstay-7.1795420800251.shop@example.com>\r");
  envelope.from = "backstay@example.org";
  EXPECT_EQ(header("Message-ID"), "<backstay-7.1795420800251.shop@example.org>\r");
}

}  // namespace
}  // namespace backstay
