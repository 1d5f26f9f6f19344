#include "base/config_file.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"
#include "tests/unit/base/german_locale.h"

namespace backstay {
namespace {

using Reader = std::function<void(ConfigNode&)>;

ConfigNode parsed(const std::string& text) {
  auto root = ConfigNode::parse(text, "x.yml");
  if (!root) throw std::runtime_error(root.error().message);
  return *root;
}

// What finish() has to say after the reading; empty when all is well.
std::string faults(const std::string& text, const Reader& read) {
  ConfigNode root = parsed(text);
  read(root);
  const auto finished = root.finish();
  return finished ? "" : finished.error().message;
}

std::string load_error(const std::string& text) {
  const auto root = ConfigNode::parse(text, "x.yml");
  return root ? "" : root.error().message;
}

TEST(ConfigFile, ReadsEachKindOfValue) {
  ConfigNode root = parsed(R"(
word: hello
number: 0.25
count: 42
yes: true
no: false
time: 1m30s
choice: auto
list: [one, "two words", 3]
section:
  inner: {key: value}
)");
  EXPECT_EQ(root.text("word"), "hello");
  EXPECT_EQ(root.number_or("number", 1, 0, 1), 0.25);
  EXPECT_EQ(root.integer_or("count", 1, 0, 100), 42);
  EXPECT_TRUE(root.flag_or("yes", false));
  EXPECT_FALSE(root.flag_or("no", true));
  EXPECT_EQ(root.duration_or("time", {}, {}, std::chrono::hours(1)), std::chrono::seconds(90));
  EXPECT_EQ(root.choice_or("choice", {"observe", "auto"}, "observe"), "auto");
  EXPECT_EQ(root.texts("list"), (std::vector<std::string>{"one", "two words", "3"}));
  EXPECT_EQ(root.section("section").section("inner").text("key"), "value");
  EXPECT_TRUE(root.finish());
}

TEST(ConfigFile, AbsentKeysHaveTheirDefaults) {
  for (const char* text : {"", "# nothing but a comment\n", "a:\nb: ~\nc: null\n"}) {
    ConfigNode root = parsed(text);
    EXPECT_EQ(root.text_or("a", "fallback"), "fallback");
    EXPECT_EQ(root.integer_or("b", 7, 1, 9), 7);
    EXPECT_EQ(root.number_or("c", 0.5, 0, 1), 0.5);
    EXPECT_TRUE(root.flag_or("d", true));
    EXPECT_EQ(root.duration_or("e", std::chrono::seconds(5), {}, std::chrono::hours(1)),
              std::chrono::seconds(5));
    EXPECT_EQ(root.choice_or("f", {"x", "y"}, "x"), "x");
    EXPECT_TRUE(root.texts("g").empty());
    EXPECT_TRUE(root.paths("g").empty());
    EXPECT_FALSE(root.maybe_text("h"));
    EXPECT_FALSE(root.maybe_path("i"));
    EXPECT_FALSE(root.secret("j", true));
    EXPECT_TRUE(root.sections("k").empty());
    EXPECT_EQ(root.section("l").section("m").text_or("n", "deep"), "deep");
    EXPECT_FALSE(root.has("o"));
    EXPECT_TRUE(root.finish()) << root.finish().error().message;
  }
}

TEST(ConfigFile, AnUnknownKeyIsNamedWithItsPlace) {
  const Reader read = [](ConfigNode& root) {
    root.text_or("service", "");
    for (ConfigNode& rule : root.section("policy").sections("rules")) {
      rule.text_or("name", "");
      rule.text_or("cooldown", "");
      rule.text_or("within", "");
    }
  };
  EXPECT_EQ(faults("service: x\npolicy:\n  rules:\n    - name: a\n      cooldwon: 1h\n", read),
            "x.yml:5: policy.rules[0].cooldwon: unknown key (did you mean cooldown?)");
  EXPECT_EQ(faults("polcy: {}\n", read), "x.yml:1: polcy: unknown key (did you mean policy?)");
  EXPECT_EQ(faults("elsewhere: {service: x}\n", read), "x.yml:1: elsewhere: unknown key");
  EXPECT_EQ(faults("[a]: x\n", read), "x.yml:1: (not a word): unknown key");
}

TEST(ConfigFile, NamedTextsAreAMappingOrAList) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs named;
  const Reader read = [&](ConfigNode& root) { named = root.named_texts("k"); };
  EXPECT_EQ(faults("k: {b: x + 1, a: y}", read), "");
  EXPECT_EQ(named, (Pairs{{"b", "x + 1"}, {"a", "y"}}));
  EXPECT_EQ(faults("k: [b, a]", read), "");
  EXPECT_EQ(named, (Pairs{{"b", "b"}, {"a", "a"}}));
  EXPECT_EQ(faults("{}", read), "");
  EXPECT_EQ(named, Pairs());
}

TEST(ConfigFile, SuggestsTheNearestKeyAndNothingFarFetched) {
  const Reader read = [](ConfigNode& root) {
    for (const char* key : {"on", "path", "port", "do"}) root.text_or(key, "");
  };
  EXPECT_EQ(faults("pathh: x\n", read), "x.yml:1: pathh: unknown key (did you mean path?)");
  EXPECT_EQ(faults("pot: x\n", read), "x.yml:1: pot: unknown key (did you mean port?)");
  EXPECT_EQ(faults("if: x\n", read), "x.yml:1: if: unknown key");
}

TEST(ConfigFile, EachMistypedValueIsNamedWithWhatWasExpected) {
  const auto of_integer = [](ConfigNode& root) { root.integer_or("k", 1, 1, 100); };
  for (const char* value : {"0", "101", "1.5", "1e1", "0x10", "ten", "[1]", "{a: 1}", "''", "+5",
                            "99999999999999999999", "5 5"}) {
    const std::string said = faults("k: " + std::string(value), of_integer);
    const bool is_text = value[0] != '[' && value[0] != '{' && value[0] != '\'';
    EXPECT_EQ(said, is_text ? "x.yml:1: k: expected a whole number from 1 to 100"
                            : "x.yml:1: k: expected text")
        << value;
  }
  EXPECT_EQ(faults("k: -0.1", [](ConfigNode& root) { root.number_or("k", 1, 0, 1); }),
            "x.yml:1: k: expected a number from 0 to 1");
  EXPECT_EQ(faults("k: .nan", [](ConfigNode& root) { root.number_or("k", 1, 0, 1); }),
            "x.yml:1: k: expected a number from 0 to 1");
  EXPECT_EQ(faults("k: nan", [](ConfigNode& root) { root.number_or("k", 1, 0, 1); }),
            "x.yml:1: k: expected a number from 0 to 1");
  EXPECT_EQ(faults("k: 'yes'", [](ConfigNode& root) { root.flag_or("k", false); }),
            "x.yml:1: k: expected true or false");
  const auto of_duration = [](ConfigNode& root) {
    root.duration_or("k", {}, std::chrono::seconds(1), std::chrono::minutes(90));
  };
  EXPECT_EQ(faults("k: 5", of_duration),
            "x.yml:1: k: \"5\" is not a duration such as 250ms, 5s or 1h30m");
  EXPECT_EQ(faults("k: 2h", of_duration), "x.yml:1: k: expected a duration from 1s to 1h30m");
  EXPECT_EQ(faults("k: maybe",
                   [](ConfigNode& root) {
                     root.choice_or("k", {"observe", "auto"}, "observe");
                   }),
            "x.yml:1: k: \"maybe\" is none of: observe, auto");
  EXPECT_EQ(faults("k: one", [](ConfigNode& root) { root.texts("k"); }),
            "x.yml:1: k: expected a list of words: [one, two]");
  EXPECT_EQ(faults("k: one", [](ConfigNode& root) { root.named_texts("k"); }),
            "x.yml:1: k: expected a list of words: [one, two]");
  EXPECT_EQ(faults("k: {a: [b]}", [](ConfigNode& root) { root.named_texts("k"); }),
            "x.yml:1: k.a: expected text");
  EXPECT_EQ(faults("k: [one, [two]]", [](ConfigNode& root) { root.texts("k"); }),
            "x.yml:1: k: expected a list of words: [one, two]");
  EXPECT_EQ(faults("k: {a: b}", [](ConfigNode& root) { root.paths("k"); }),
            "x.yml:1: k: expected a list of words: [one, two]");
  EXPECT_EQ(faults("k: [a]", [](ConfigNode& root) { root.maybe_path("k"); }),
            "x.yml:1: k: expected text");
  EXPECT_EQ(faults("k: [a]", [](ConfigNode& root) { root.section("k").text_or("a", ""); }),
            "x.yml:1: k: expected a mapping of keys");
  EXPECT_EQ(faults("k: a", [](ConfigNode& root) { root.sections("k"); }),
            "x.yml:1: k: expected a list");
  EXPECT_EQ(faults("k:\n  - {}\n  - b\n", [](ConfigNode& root) { root.sections("k"); }),
            "x.yml:3: k[1]: expected a mapping of keys");
}

TEST(ConfigFile, AMissingRequiredKeyIsNamedWithItsPlace) {
  const Reader read = [](ConfigNode& root) {
    for (ConfigNode& hook : root.sections("webhooks")) hook.text("name");
  };
  EXPECT_EQ(faults("webhooks:\n  - {name: a}\n  - {}\n", read),
            "x.yml:3: webhooks[1].name: is missing");
  EXPECT_EQ(faults("webhooks:\n  - {name: }\n", read), "x.yml:2: webhooks[0].name: is missing");
  EXPECT_EQ(faults("{}", [](ConfigNode& root) { root.text("service"); }),
            "x.yml:1: service: is missing");
}

TEST(ConfigFile, AKeyThatIsThereTwiceIsAFault) {
  EXPECT_EQ(faults("a: 1\nb: 2\na: 3\n",
                   [](ConfigNode& root) {
                     root.text("a");
                     root.text("b");
                   }),
            "x.yml:3: a: the key is there twice");
  EXPECT_EQ(faults("s:\n  a: 1\n  a: 1\n", [](ConfigNode& root) { root.section("s").text("a"); }),
            "x.yml:3: s.a: the key is there twice");
}

TEST(ConfigFile, AllFaultsAreToldAtOnceInTheOrderOfTheFile) {
  const std::string text = R"(mode: sometimes
extra: 1
limits:
  rollbacks: many
  rolbacks: 2
rules:
  - name: a
    colour: red
)";
  EXPECT_EQ(faults(text,
                   [](ConfigNode& root) {  // read in another order than written
                     for (ConfigNode& rule : root.sections("rules")) {
                       rule.text("do");
                       rule.text("name");
                     }
                     root.section("limits").integer_or("rollbacks", 1, 1, 9);
                     root.choice_or("mode", {"observe", "auto"}, "observe");
                     root.fault("", "is not to my taste");
                   }),
            "x.yml:1: mode: \"sometimes\" is none of: observe, auto\n"
            "x.yml:1: is not to my taste\n"
            "x.yml:2: extra: unknown key\n"
            "x.yml:4: limits.rollbacks: expected a whole number from 1 to 9\n"
            "x.yml:5: limits.rolbacks: unknown key (did you mean rollbacks?)\n"
            "x.yml:7: rules[0].do: is missing\n"
            "x.yml:8: rules[0].colour: unknown key");
}

TEST(ConfigFile, RelativePathsBelongToTheFilesFolder) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("exporter.yml");
  std::ofstream(path) << "a: logs/access.log\nb: ../outside\nc: /etc/passwd\nd: [one, /two]\n"
                         "token_file: ./token\n";
  auto root = ConfigNode::load(path);
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->maybe_path("a"), folder.path("logs/access.log"));
  EXPECT_EQ(root->maybe_path("b"),
            std::filesystem::path(folder.path()).parent_path().string() + "/outside");
  EXPECT_EQ(root->maybe_path("c"), "/etc/passwd");
  EXPECT_EQ(root->paths("d"), (std::vector<std::string>{folder.path("one"), "/two"}));
  EXPECT_EQ(root->secret("token", false)->description(), "file " + folder.path("token"));
  EXPECT_TRUE(root->finish());
}

TEST(ConfigFile, WhatIsNoMappingIsRefused) {
  EXPECT_EQ(load_error("- a\n- b\n"), "x.yml:1: expected a mapping of keys");
  EXPECT_EQ(load_error("just words"), "x.yml:1: expected a mapping of keys");
}

TEST(ConfigFile, WhatIsNoYamlIsRefusedWithItsLine) {
  EXPECT_EQ(load_error("a: 1\nb: [1, 2\nc: 3\n").substr(0, 8), "x.yml:3:");
  EXPECT_EQ(load_error("a: 1\n\tb: 2\n").substr(0, 8), "x.yml:2:");
  EXPECT_EQ(load_error("a: 1\nb: 'open\nc: 3\n").substr(0, 6), "x.yml:");
  EXPECT_EQ(load_error("a: \"open\n\n# the end\n").substr(0, 6), "x.yml:");
  EXPECT_EQ(load_error("a: *nothing\n").substr(0, 8), "x.yml:1:");
}

// Otherwise everything below a stray line of dashes would be ignored without a word.
TEST(ConfigFile, ASecondDocumentIsRefused) {
  EXPECT_EQ(load_error("---\na: 1\n---\nb: 2\n"),
            "x.yml:3: more than one YAML document (a line of --- begins another)");
  EXPECT_EQ(load_error("---\na: 1\n...\n"), "");
}

// yaml-cpp makes of this one empty document after the other, until there is no more memory.
TEST(ConfigFile, ATextThatBeginsWithACommaIsRefused) {
  EXPECT_EQ(load_error(",1 [").substr(0, 8), "x.yml:1:");
}

TEST(ConfigFile, AFileThatCannotBeReadIsNamed) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(ConfigNode::load(folder.path()).error().message, folder.path() + ": is a folder");
  EXPECT_EQ(ConfigNode::load(folder.path("none.yml"))
                .error()
                .message.rfind(folder.path("none.yml") + ": cannot be read", 0),
            0U);
}

TEST(ConfigFile, AFileWithoutAnEndIsRefused) {
  EXPECT_EQ(ConfigNode::load("/dev/zero").error().message, "/dev/zero: larger than 1048576 bytes");
}

TEST(ConfigFile, ASecretIsGivenInOneWay) {
  const auto read = [](ConfigNode& root) { root.section("db").secret("url", true); };
  EXPECT_EQ(faults("db: {url_file: /x}", read), "");
  EXPECT_EQ(faults("db: {url_env: X}", read), "");
  EXPECT_EQ(faults("db: {url: 't0ps3cret'}", read), "");
  EXPECT_EQ(faults("db:\n  url_file: /x\n  url_env: X\n", read),
            "x.yml:2: db: only one of the ways to give url");
  EXPECT_EQ(faults("db: {url: 't0ps3cret', url_env: X}", read),
            "x.yml:1: db: only one of the ways to give url");
  const std::string refused =
      faults("token: t0ps3cret\n", [](ConfigNode& root) { root.secret("token", false); });
  EXPECT_EQ(refused, "x.yml:1: token: unknown key");
}

TEST(ConfigFile, ReadsTheSecretThatWasMeant) {
  ConfigNode root = parsed("a: literal\nb_env: SOME_VARIABLE\n");
  EXPECT_EQ(root.secret("a", true)->read()->reveal(), "literal");
  EXPECT_EQ(root.secret("b", true)->description(), "environment variable SOME_VARIABLE");
}

TEST(ConfigFile, KeysThatAreNamesComeInTheirOrder) {
  ConfigNode root = parsed("labels: {severity: page, action: rollback}\n");
  ConfigNode labels = root.section("labels");
  EXPECT_EQ(labels.keys(), (std::vector<std::string>{"severity", "action"}));
  EXPECT_EQ(labels.where(), "x.yml:1: labels");
  EXPECT_TRUE(labels.has("action"));
  EXPECT_FALSE(labels.has("other"));
  EXPECT_EQ(labels.text("severity"), "page");
  EXPECT_EQ(labels.text("action"), "rollback");
  EXPECT_TRUE(root.finish());
}

TEST(ConfigFile, IsTheSameInEveryLocale) {
  const test::GermanLocale german;
  ConfigNode root = parsed("a: 0.25\nb: 5000\nc: 1,5\n");
  EXPECT_EQ(root.number_or("a", 1, 0, 1), 0.25);
  EXPECT_EQ(root.integer_or("b", 1, 0, 10'000), 5000);
  root.number_or("c", 1, 0.5, 10'000);
  EXPECT_EQ(root.finish().error().message, "x.yml:3: c: expected a number from 0.5 to 10000");
}

}  // namespace
}  // namespace backstay
