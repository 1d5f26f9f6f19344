#include "receiver/channels/mail_text.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "base/timestamp.h"
#include "base/utf8.h"

namespace backstay {
namespace {

constexpr std::size_t kSubjectBytesMax = 200;
constexpr std::size_t kBodyBytesMax = 32'768;
constexpr std::size_t kPlainSubjectBytesMax = 60;
// 76 characters a line, less "Subject: ", "=?UTF-8?Q?" and "?=".
constexpr std::size_t kEncodedWordBytesMax = 54;
constexpr std::size_t kBodyLineBytesMax = 76;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_printable(char c) { return c > ' ' && c <= '~'; }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

std::string escaped(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'=', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && continues_character(text[bytes_max])) --bytes_max;
  return text.substr(0, bytes_max) + "...";
}

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return text;
}

// Encoded words, of which none ends within a character.
std::string encoded_words(const std::string& text) {
  std::string words;
  std::string word;
  for (std::size_t begin = 0; begin < text.size();) {
    std::string character;
    std::size_t end = begin;
    do {
      const char c = text[end++];
      character += is_letter_or_digit(c) ? std::string(1, c) : c == ' ' ? "_" : escaped(c);
    } while (end < text.size() && continues_character(text[end]));
    if (word.size() + character.size() > kEncodedWordBytesMax) {
      words += "=?UTF-8?Q?" + word + "?=\r\n ";
      word.clear();
    }
    word += character;
    begin = end;
  }
  return words + "=?UTF-8?Q?" + word + "?=";
}

std::string subject(const std::string& title) {
  const std::string text = cut(on_one_line(valid_utf8(title)), kSubjectBytesMax);
  bool is_plain = text.size() <= kPlainSubjectBytesMax && text.find("=?") == std::string::npos;
  for (char c : text) is_plain = is_plain && (c == ' ' || is_printable(c));
  return is_plain ? text : encoded_words(text);
}

std::string quoted_printable(const std::string& text) {
  std::string body;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      body += "\r\n";
      column = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool is_plain = c == ' ' ? !ends_line : is_printable(c) && c != '=';
    const std::string piece = is_plain ? std::string(1, c) : escaped(c);
    if (column + piece.size() + 1 > kBodyLineBytesMax) {
      body += "=\r\n";
      column = 0;
    }
    body += piece;
    column += piece.size();
  }
  return body + "\r\n";
}

// Independent of the locale.
std::string date(WallTime at) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(to_unix_ms(at) / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000",
                kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                utc.tm_min, utc.tm_sec);
  return text.data();
}

std::string message_id(const Message& message, const MailEnvelope& envelope) {
  return "<" + message.idempotency_key + envelope.from.substr(envelope.from.find('@')) + ">";
}

std::string list_of(const std::vector<std::string>& addresses) {
  std::string list;
  for (const std::string& address : addresses) list += (list.empty() ? "" : ",\r\n ") + address;
  return list;
}

}  // namespace

std::string mail_text(const Message& message, const MailEnvelope& envelope) {
  std::string body = cut(valid_utf8(message.text), kBodyBytesMax);
  if (!message.is_whole) {
    body += "\n\nseverity: " + message.severity + "\n";
    for (const auto& [name, value] : message.fields) body += name + ": " + value + "\n";
    body += "service: " + envelope.service;
  }
  return "From: " + envelope.from + "\r\nTo: " + list_of(envelope.to) +
         "\r\nSubject: " + subject(message.title) + "\r\nDate: " + date(message.created_at) +
         "\r\nMessage-ID: " + message_id(message, envelope) +
         "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
         quoted_printable(body);
}

}  // namespace backstay
