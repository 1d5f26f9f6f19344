#include "base/pg_address.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <libpq-fe.h>

namespace backstay::pg {

struct Address::Options {
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> list{nullptr, &PQconninfoFree};
};

namespace {

struct Pair {
  std::string_view keyword;
  std::string_view value;
};

std::vector<Pair> pairs_of(const PQconninfoOption* option) {
  std::vector<Pair> pairs;
  for (; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) pairs.push_back({option->keyword, option->val});
  }
  return pairs;
}

// libpq takes a password with a bare @ or / for part of the host or the port, and would quote it.
Result<void> check_for_bare_characters(const std::vector<Pair>& pairs) {
  for (const auto& [keyword, value] : pairs) {
    if (keyword == "host" && value.find('@') != std::string_view::npos) {
      return fail("the host in the database's address holds an @: in a password write it as %40");
    }
    if (keyword == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos) {
      return fail("the port in the database's address is no number: in a password write / as %2F");
    }
  }
  return {};
}

std::string quoted(std::string_view value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts(1);
  for (char c : list) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// What by_host() says itself.
bool is_ours(std::string_view keyword) {
  return keyword == "application_name" || keyword == "fallback_application_name" ||
         keyword == "client_encoding";
}

}  // namespace

Address::Address(std::unique_ptr<Options> options) : options_(std::move(options)) {}
Address::~Address() = default;
Address::Address(Address&&) noexcept = default;
Address& Address::operator=(Address&&) noexcept = default;

Result<Address> Address::parse(const Secret& url) {
  char* message = nullptr;
  auto options = std::make_unique<Options>();
  options->list.reset(PQconninfoParse(url.reveal().c_str(), &message));
  PQfreemem(message);  // it quotes the address, so it is not passed on
  if (!options->list) {
    return fail("the database's address is not a PostgreSQL URI or keyword string");
  }
  if (auto checked = check_for_bare_characters(pairs_of(options->list.get())); !checked) {
    return fail(checked.error());
  }
  return Address(std::move(options));
}

std::vector<std::string> Address::by_host() const {
  std::string of_all = "application_name=backstay client_encoding=UTF8";
  std::vector<std::pair<std::string_view, std::vector<std::string>>> lists;
  std::size_t hosts = 1;
  for (const auto& [keyword, value] : pairs_of(options_->list.get())) {
    if (is_ours(keyword)) continue;
    if (keyword == "host" || keyword == "hostaddr" || keyword == "port") {
      lists.emplace_back(keyword, split(value));
      hosts = std::max(hosts, lists.back().second.size());
    } else {
      of_all += " " + std::string(keyword) + "=" + quoted(value);
    }
  }
  std::vector<std::string> addresses(hosts, of_all);
  for (const auto& list : lists) {
    for (std::size_t i = 0; i < hosts; ++i) {
      // One port may be for all.
      const std::string& value = list.second[std::min(i, list.second.size() - 1)];
      if (!value.empty()) addresses[i] += " " + std::string(list.first) + "=" + quoted(value);
    }
  }
  return addresses;
}

std::optional<std::chrono::milliseconds> Address::connect_timeout() const {
  for (const auto& [keyword, value] : pairs_of(options_->list.get())) {
    if (keyword != "connect_timeout") continue;
    int seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (seconds > 0) return std::chrono::seconds(seconds);  // 0 and less are "for ever" to libpq
  }
  return std::nullopt;
}

std::vector<Secret> Address::passwords() const {
  std::vector<Secret> found;
  for (const auto& [keyword, value] : pairs_of(options_->list.get())) {
    const bool is_one = keyword.find("password") != std::string_view::npos && !value.empty();
    if (is_one) found.emplace_back(std::string(value));
  }
  return found;
}

std::string Address::masked(std::string text) const {
  constexpr std::string_view kMask = "…";
  for (const Secret& password : passwords()) {
    const std::string& value = password.reveal();
    for (std::size_t at = text.find(value); at != std::string::npos;
         at = text.find(value, at + kMask.size())) {
      text.replace(at, value.size(), kMask);
    }
  }
  return text;
}

std::vector<std::pair<std::string, Secret>> Address::variables() const {
  std::vector<std::pair<std::string, Secret>> variables;
  for (const PQconninfoOption* option = options_->list.get(); option->keyword != nullptr;
       ++option) {
    if (option->val == nullptr || option->envvar == nullptr) continue;
    variables.emplace_back(option->envvar, Secret(option->val));
  }
  return variables;
}

Result<std::vector<std::pair<std::string, Secret>>> environment(const Secret& url) {
  auto address = Address::parse(url);
  if (!address) return fail(address.error());
  return address->variables();
}

}  // namespace backstay::pg
