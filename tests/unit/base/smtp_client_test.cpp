#include "base/smtp_client.h"

#include <array>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace backstay {
namespace {

using std::chrono::milliseconds;
using Replies = std::map<std::string, std::string>;  // by command

// A mail server for one connection that answers as a test likes, and checks what it is sent against
// RFC 5321. An empty reply is silence until the client hangs up. TLS it cannot speak.
class ScriptedServer {
 public:
  explicit ScriptedServer(Replies replies)
      : replies_(std::move(replies)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    ::listen(listener_, 5);
    thread_ = std::jthread([this]() { serve(); });
  }
  ~ScriptedServer() {
    end();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  // Once the client is gone.
  void end() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  int port = 0;
  std::vector<std::string> commands;  // until TLS begins
  std::string text;                   // after DATA, dots unstuffed
  std::vector<std::string> faults;    // against RFC 5321

 private:
  std::string reply_to(const std::string& verb) const {
    const auto found = replies_.find(verb);
    if (found != replies_.end()) return found->second;
    if (verb == "greeting") return "220 mail.example.com ESMTP";
    if (verb == "DATA") return "354 go on";
    return verb == "QUIT" ? "221 bye" : "250 ok";
  }
  // False where nothing more will be said.
  bool say(const std::string& verb) {
    const std::string reply = reply_to(verb);
    const std::string line = reply + "\r\n";
    if (!reply.empty()) return ::send(connection_, line.data(), line.size(), MSG_NOSIGNAL) > 0;
    while (fill()) {
    }
    return false;
  }
  bool fill() {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(connection_, buffer.data(), buffer.size(), 0);
    if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  bool read_line(std::string& line) {
    std::size_t end = std::string::npos;
    while ((end = received_.find('\n')) == std::string::npos) {
      if (!fill()) return false;
    }
    line = received_.substr(0, end);
    received_.erase(0, end + 1);
    if (!line.ends_with('\r')) faults.push_back("a line ends without CR: " + line);
    line = line.substr(0, line.size() - 1);
    if (line.find('\r') != std::string::npos) faults.push_back("CR within: " + line);
    return true;
  }
  void read_text() {
    for (std::string line; read_line(line) && line != ".";) {
      if (line.size() > 998) faults.push_back("a line of " + std::to_string(line.size()));
      if (line.starts_with('.') && !line.starts_with(".."))
        faults.push_back("not stuffed: " + line);
      text += (line.starts_with('.') ? line.substr(1) : line) + "\n";
    }
  }
  void check_order(const std::string& verb) {
    const std::map<std::string, std::string> after = {
        {"MAIL", "EHLO"}, {"RCPT", "MAIL"}, {"DATA", "RCPT"}};
    const auto wanted = after.find(verb);
    const std::string last = commands.empty() ? "" : commands.back().substr(0, 4);
    if (wanted != after.end() && last != wanted->second) faults.push_back(verb + " after " + last);
  }
  void serve() {
    connection_ = ::accept(listener_, nullptr, nullptr);
    if (connection_ < 0) return;
    converse();
    ::close(connection_);
  }
  void converse() {
    if (!say("greeting")) return;
    for (std::string line; read_line(line);) {
      const std::string verb = line.substr(0, line.find(' '));
      check_order(verb);
      if (line.size() + 2 > 512) faults.push_back("a command of " + std::to_string(line.size()));
      commands.push_back(line);
      if (!say(verb) || verb == "QUIT") return;
      if (verb == "STARTTLS" && reply_to(verb).starts_with("220")) {
        fill();
        say("TLS");
        return;
      }
      if (verb != "DATA" || !reply_to(verb).starts_with("354")) continue;
      read_text();
      if (!say("text")) return;
    }
  }

  Replies replies_;
  int listener_;
  int connection_ = -1;
  std::string received_;
  std::jthread thread_;
};

const char* const kText = "Subject: a\r\n\r\n.one\r\n..\r\n.\r\nlast\r\n";

SmtpRequest request_to(const ScriptedServer& server, SmtpRequest::Tls tls) {
  SmtpRequest request;
  request.host = "127.0.0.1";
  request.port = server.port;
  request.tls = tls;
  request.from = "backstay@example.com";
  request.to = "ops@example.com";
  request.text = kText;
  return request;
}

std::string outcome(const SmtpRequest& request) {
  const auto sent = CurlSmtpClient().send(request);
  return sent ? "sent" : sent.error().message;
}

std::string sent_to(ScriptedServer& server) {
  const std::string said = outcome(request_to(server, SmtpRequest::Tls::none));
  server.end();
  return said;
}

bool spoke_of(const ScriptedServer& server, const std::string& what) {
  for (const std::string& command : server.commands) {
    if (command.find(what) != std::string::npos) return true;
  }
  return false;
}

TEST(SmtpClient, SendsAMailAsTheStandardHasIt) {
  ScriptedServer server(
      Replies{{"EHLO", "250-mail.example.com\r\n250-SIZE 1000000\r\n250 8BITMIME"}});
  EXPECT_EQ(sent_to(server), "sent");
  EXPECT_EQ(server.faults, std::vector<std::string>{});
  ASSERT_GE(server.commands.size(), 5U);
  EXPECT_EQ(server.commands[0].rfind("EHLO ", 0), 0U);
  EXPECT_EQ(server.commands[1].rfind("MAIL FROM:<backstay@example.com>", 0), 0U);
  EXPECT_EQ(server.commands[2], "RCPT TO:<ops@example.com>");
  EXPECT_EQ(server.commands[3], "DATA");
  EXPECT_EQ(server.commands[4], "QUIT");
}

// A line of one dot would end the mail, and the rest would be taken for commands.
TEST(SmtpClient, LinesThatBeginWithADotArriveAsTheyAre) {
  ScriptedServer server(Replies{});
  EXPECT_EQ(sent_to(server), "sent");
  EXPECT_EQ(server.text, "Subject: a\n\n.one\n..\n.\nlast\n");
}

TEST(SmtpClient, ARefusalForNowIsToldFromOneForGood) {
  const std::map<std::string, std::string> wanted = {
      {"451 busy", "the mail server refuses for now (451)"},
      {"550 no such user", "the mail server refuses (550)"}};
  for (const auto& [reply, error] : wanted) {
    for (const char* verb : {"MAIL", "RCPT", "DATA", "text"}) {
      ScriptedServer server(Replies{{verb, reply}});
      EXPECT_EQ(sent_to(server), error) << verb;
    }
  }
}

TEST(SmtpClient, SilenceEndsAtTheDeadlineWhereverItBegins) {
  for (const char* verb : {"greeting", "RCPT", "text"}) {
    ScriptedServer server(Replies{{verb, ""}, {"QUIT", ""}});
    SmtpRequest request = request_to(server, SmtpRequest::Tls::none);
    request.deadline = milliseconds(200);
    EXPECT_EQ(outcome(request), "no answer within 200ms") << verb;
  }
}

TEST(SmtpClient, AMailThatWasTakenIsSentWhateverBecomesOfTheQuit) {
  ScriptedServer server(Replies{{"QUIT", ""}});
  SmtpRequest request = request_to(server, SmtpRequest::Tls::none);
  request.deadline = milliseconds(500);
  EXPECT_EQ(outcome(request), "sent");
}

TEST(SmtpClient, GarbageIsNoSuccess) {
  for (const char* verb : {"greeting", "MAIL", "RCPT", "DATA", "text"}) {
    ScriptedServer server(Replies{{verb, "HTTP/1.1 400 Bad Request\r\n500 what"}});
    EXPECT_NE(sent_to(server), "sent") << verb;
  }
}

TEST(SmtpClient, WithoutStarttlsNothingIsSaidInTheClear) {
  ScriptedServer server(Replies{{"EHLO", "250-mail.example.com\r\n250 AUTH PLAIN LOGIN"}});
  SmtpRequest request = request_to(server, SmtpRequest::Tls::starttls);
  request.user = "backstay";
  request.password = Secret("hunter2");
  EXPECT_EQ(outcome(request), "the mail server does not offer STARTTLS");
  server.end();
  EXPECT_FALSE(spoke_of(server, "AUTH") || spoke_of(server, "MAIL"));
}

TEST(SmtpClient, ARefusedStarttlsIsSaidSo) {
  ScriptedServer server(
      {{"EHLO", "250-mail.example.com\r\n250 STARTTLS"}, {"STARTTLS", "454 TLS not available"}});
  EXPECT_EQ(outcome(request_to(server, SmtpRequest::Tls::starttls)),
            "the mail server refuses STARTTLS (454)");
  server.end();
  EXPECT_FALSE(spoke_of(server, "MAIL"));
}

// An answer that comes with the 220 was not said by the one that TLS will prove.
TEST(SmtpClient, WhatIsSlippedInBeforeTlsIsNotTaken) {
  for (const char* reply : {"220 go on", "220 go on\r\n250 slipped in\r\n250 ok\r\n250 ok"}) {
    ScriptedServer server(Replies{{"EHLO", "250-mail.example.com\r\n250 STARTTLS"},
                                  {"STARTTLS", reply},
                                  {"TLS", "this is no TLS"}});
    EXPECT_NE(outcome(request_to(server, SmtpRequest::Tls::starttls)), "sent");
    server.end();
    EXPECT_FALSE(spoke_of(server, "MAIL"));
  }
}

TEST(SmtpClient, NothingThatCouldBecomeACommandIsSent) {
  ScriptedServer server(Replies{});
  for (const char* bad : {"ops@example.com>\r\nRCPT TO:<other@example.com", "ops@example.com\n",
                          "ops", "@example.com", "ops@", "o ps@example.com", "<ops@example.com>"}) {
    SmtpRequest to = request_to(server, SmtpRequest::Tls::none);
    to.to = bad;
    EXPECT_EQ(outcome(to), "to is no mail address");
    SmtpRequest from = request_to(server, SmtpRequest::Tls::none);
    from.from = bad;
    EXPECT_EQ(outcome(from), "from is no mail address");
  }
  EXPECT_FALSE(is_mail_address(std::string(250, 'a') + "@b.de"));
  EXPECT_TRUE(is_mail_address("first.last+tag@sub.example-host.org"));
}

TEST(SmtpClient, APasswordNeedsTls) {
  ScriptedServer server(Replies{});
  SmtpRequest request = request_to(server, SmtpRequest::Tls::none);
  request.user = "backstay";
  EXPECT_EQ(outcome(request), "no password is sent without TLS");
  request.user.clear();
  request.deadline = milliseconds(0);
  EXPECT_EQ(outcome(request), "no time left for a mail");
}

TEST(SmtpClient, AServerThatIsNotThereIsSaidSo) {
  SmtpRequest request;
  {
    ScriptedServer gone(Replies{});
    request = request_to(gone, SmtpRequest::Tls::none);
  }
  EXPECT_EQ(outcome(request), "connection refused");
}

}  // namespace
}  // namespace backstay
