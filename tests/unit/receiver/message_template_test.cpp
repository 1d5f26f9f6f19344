#include "receiver/channels/message_template.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "receiver/channels/slack.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

Message message() {
  Message made;
  made.idempotency_key = "backstay-7";
  made.created_at = WallTime(std::chrono::hours(24 * 20'000));
  made.severity = "critical";
  made.title = "shop: rollback failed";
  made.text = "a person is needed";
  made.fields = {{"run", "4"}};
  return made;
}

Message without_run() {
  Message made = message();
  made.fields.clear();
  return made;
}

std::string rendered(const std::string& text, const Message& of = message(),
                     const MessageTemplate::Escape& escape = unescaped) {
  const auto made = MessageTemplate::parse(text, "ops.txt");
  if (!made) return made.error().message;
  const auto result = made->render(of, "shop", escape);
  return result ? *result : result.error().message;
}

std::string fault(const std::string& text) {
  const auto made = MessageTemplate::parse(text, "ops.txt");
  return made ? "none" : made.error().message;
}

TEST(MessageTemplate, PlaceholdersHaveNames) {
  EXPECT_EQ(rendered("{{severity}} {{ title }} ({{service}}) at {{time}}\n{{text}}, run {{run}}"),
            "critical shop: rollback failed (shop) at 2024-10-04T00:00:00.000Z\n"
            "a person is needed, run 4");
}

TEST(MessageTemplate, ASectionIsThereWhereItsFieldIs) {
  const std::string text =
      "{{title}}{{#run}}, run {{run}}{{/run}}{{^run}}, no run{{/run}}"
      "{{#times}}, {{times}} times{{/times}}";
  EXPECT_EQ(rendered(text), "shop: rollback failed, run 4");
  Message folded = without_run();
  folded.times = 12;
  EXPECT_EQ(rendered(text, folded), "shop: rollback failed, no run, 12 times");
}

TEST(MessageTemplate, AnUnknownNameIsAFaultWithItsLine) {
  const std::string names = ", there are: service, severity, title, text, time, run, times";
  EXPECT_EQ(fault("a\nb\n{{ sevrity }}"), "ops.txt:3: unknown placeholder {{sevrity}}" + names);
  EXPECT_EQ(fault("{{{secret}}}"), "ops.txt:1: unknown placeholder {{secret}}" + names);
  EXPECT_EQ(fault("a\n{{> /etc/passwd}}"),
            "ops.txt:2: unknown placeholder {{/etc/passwd}}" + names);
  EXPECT_EQ(fault("{{.}}"), "ops.txt:1: unknown placeholder {{.}}" + names);
}

TEST(MessageTemplate, AnUnknownNameIsFoundWhereverItMayCome) {
  for (const char* text :
       {"{{#run}}{{x}}{{/run}}", "{{^run}}{{x}}{{/run}}",
        "{{#times}}{{^run}}{{x}}{{/run}}{{/times}}", "{{^times}}{{#run}}{{x}}{{/run}}{{/times}}",
        "{{#x}}a{{/x}}", "{{^x}}a{{/x}}", "{{#title}}{{x}}{{/title}}", "{{=<% %>=}}<%x%>"}) {
    EXPECT_NE(fault(text).find("unknown placeholder {{x}}"), std::string::npos) << text;
  }
}

TEST(MessageTemplate, WhatIsNoTemplateIsAFaultWithItsLine) {
  EXPECT_EQ(fault("a\n{{title"), "ops.txt:2: Unclosed tag");
  EXPECT_EQ(fault("a\n\n{{#run}}b"), "ops.txt:3: Unclosed section \"run\"");
  EXPECT_EQ(fault("{{/run}}"), "ops.txt:1: Unopened section \"run\"");
  EXPECT_EQ(fault(" \n"), "ops.txt: it is empty");
  EXPECT_EQ(fault(std::string(MessageTemplate::kBytesMax + 1, 'a')),
            "ops.txt: more than 16384 bytes");
  for (const char* odd : {"{{", "{", "{{{", "{{}}", "{{=", "{{=< =}}", "{{=a b=}}a", "{{!"}) {
    fault(odd);  // anything but a crash
  }
}

TEST(MessageTemplate, NoBracesGoRoundTheEscape) {
  Message hostile = message();
  hostile.text = "<!channel> & {{severity}}";
  for (const char* text : {"<!here> {{text}}", "<!here> {{{text}}}", "<!here> {{&text}}"}) {
    EXPECT_EQ(rendered(text, hostile, escape_for_slack),
              "<!here> &lt;!channel&gt; &amp; {{severity}}")
        << text;
  }
}

TEST(MessageTemplate, IsReadFromAFileWithoutItsLastNewline) {
  test::TemporaryFolder folder;
  std::ofstream(folder.path("ops.txt")) << "{{title}}\n";
  const auto made = MessageTemplate::load(folder.path("ops.txt"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(*made->render(message(), "shop", unescaped), "shop: rollback failed");
  const auto missing = MessageTemplate::load(folder.path("nowhere.txt"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            folder.path("nowhere.txt") + ": cannot be read: No such file or directory");
  EXPECT_FALSE(MessageTemplate::load(folder.path())) << "a folder is no template";
}

// Opened as a file it would hold the start up for as long as nobody writes into it.
TEST(MessageTemplate, APipeIsNoTemplateAndIsNotWaitedFor) {
  test::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("ops.txt").c_str(), 0600), 0);
  const auto made = MessageTemplate::load(folder.path("ops.txt"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, folder.path("ops.txt") + ": not a regular file");
}

TEST(MessageTemplate, AFileThatIsTooLongIsRefused) {
  test::TemporaryFolder folder;
  std::ofstream(folder.path("ops.txt")) << std::string(MessageTemplate::kBytesMax + 1, 'x');
  const auto made = MessageTemplate::load(folder.path("ops.txt"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, folder.path("ops.txt") + ": larger than 16384 bytes");
}

TEST(Wording, WithoutTemplatesAMessageIsEscapedAndElseAsItWas) {
  Message of = message();
  of.text = "1 < 2";
  const Message sent = Wording{}.apply(of, escape_for_slack);
  EXPECT_EQ(sent.title, of.title);
  EXPECT_EQ(sent.text, "1 &lt; 2");
  EXPECT_FALSE(sent.is_whole);
}

TEST(Wording, EachTemplateTakesThePlaceOfItsText) {
  const Wording wording{"shop", *MessageTemplate::parse("[{{severity}}] {{title}}", "t"),
                        *MessageTemplate::parse("{{text}}!", "t")};
  const Message sent = wording.apply(message(), unescaped);
  EXPECT_EQ(sent.title, "[critical] shop: rollback failed");
  EXPECT_EQ(sent.text, "a person is needed!");
  EXPECT_TRUE(sent.is_whole);
}

TEST(Wording, WhatComesOutEmptyIsToldAsIfThereWereNoTemplate) {
  const Wording wording{"shop", std::nullopt,
                        *MessageTemplate::parse("{{#run}}run {{run}}{{/run}}", "t")};
  EXPECT_EQ(wording.apply(message(), unescaped).text, "run 4");
  const Message sent = wording.apply(without_run(), unescaped);
  EXPECT_EQ(sent.text, "a person is needed");
  EXPECT_FALSE(sent.is_whole);
}

}  // namespace
}  // namespace backstay
