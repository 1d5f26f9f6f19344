#include "store.h"

#include <pqxx/pqxx>

namespace {

// One for each thread that serves requests, whatever it is asked; none before its first request.
std::unique_ptr<pqxx::connection>& connection_of_this_thread() {
  thread_local std::unique_ptr<pqxx::connection> connection;
  return connection;
}

}  // namespace

template <class Work>
auto Store::run(Work work) {
  std::unique_ptr<pqxx::connection>& connection = connection_of_this_thread();
  if (!connection) connection = std::make_unique<pqxx::connection>(url_);
  try {
    pqxx::work transaction(*connection);
    auto result = work(transaction);
    transaction.commit();
    return result;
  } catch (const pqxx::broken_connection&) {
    connection.reset();
    throw;
  }
}

namespace {

std::optional<long> first_id(const pqxx::result& rows) {
  return rows.empty() ? std::nullopt : std::optional(rows[0][0].as<long>());
}

}  // namespace

std::optional<long> Store::sign_up(const std::string& email) {
  return run([&](pqxx::work& tx) {
    return first_id(tx.exec_params(
        "INSERT INTO users (email) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id", email));
  });
}

std::optional<long> Store::invite(long inviter, const std::string& email) {
  return run([&](pqxx::work& tx) -> std::optional<long> {
    const auto id = first_id(tx.exec_params(
        "INSERT INTO invitations (inviter_id, email) SELECT id, $2 FROM users WHERE id = $1 "
        "RETURNING id",
        inviter, email));
    if (id) {
      tx.exec_params(
          "INSERT INTO emails (kind, recipient, outcome, answered_at) "
          "VALUES ('invitation', $1, 'delivered', now())",
          email);
      // A customer is whoever has the inviter's mail domain.
      tx.exec_params(
          "INSERT INTO api_calls (customer) SELECT split_part(email, '@', 2) FROM users "
          "WHERE id = $1",
          inviter);
      tx.exec_params("INSERT INTO feature_uses (user_id, feature) VALUES ($1, 'invite')", inviter);
    }
    return id;
  });
}

bool Store::answer(long invitation, const std::string& status) {
  return run([&](pqxx::work& tx) {
    return tx.exec_params(
                 "UPDATE invitations SET status = $2, answered_at = now() "
                 "WHERE id = $1 AND status = 'pending'",
                 invitation, status)
               .affected_rows() == 1;
  });
}

std::optional<std::string> Store::status_of(long invitation) {
  return run([&](pqxx::work& tx) -> std::optional<std::string> {
    const pqxx::result rows =
        tx.exec_params("SELECT status FROM invitations WHERE id = $1", invitation);
    if (rows.empty()) return std::nullopt;
    return rows[0][0].as<std::string>();
  });
}

void Store::check() {
  run([](pqxx::work& tx) { return tx.exec("SELECT id FROM users LIMIT 1").size(); });
}
