-- The invitation service's tables: what Backstay's shipped catalog counts. The indexes on times are there
-- for its event collectors, which read what is new and no more.

CREATE TABLE users (
  id bigserial PRIMARY KEY,
  email text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_created_at ON users (created_at);

CREATE TABLE invitations (
  id bigserial PRIMARY KEY,
  inviter_id bigint NOT NULL REFERENCES users,
  email text NOT NULL,
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'accepted', 'rejected', 'expired', 'revoked')),
  created_at timestamptz NOT NULL DEFAULT now(),
  answered_at timestamptz,
  expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days'
);
CREATE INDEX invitations_created_at ON invitations (created_at);
CREATE INDEX invitations_answered_at ON invitations (answered_at);
CREATE INDEX invitations_pending ON invitations (created_at) WHERE status = 'pending';

CREATE TABLE emails (
  id bigserial PRIMARY KEY,
  kind text NOT NULL,
  recipient text NOT NULL,
  outcome text NOT NULL DEFAULT 'sent' CHECK (outcome IN ('sent', 'delivered', 'failed')),
  sent_at timestamptz NOT NULL DEFAULT now(),
  answered_at timestamptz  -- when the outcome became known; it does not change any more after that
);
CREATE INDEX emails_answered_at ON emails (answered_at);
CREATE INDEX emails_unanswered ON emails (sent_at) WHERE outcome = 'sent';

CREATE TABLE subscriptions (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  tier text NOT NULL CHECK (tier IN ('free', 'pro', 'team')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT now(),
  cancelled_at timestamptz
);

-- One row for each attempt, and one for each refund: no row changes its outcome.
CREATE TABLE payments (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'refunded')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_created_at ON payments (created_at);

CREATE TABLE feature_uses (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  feature text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feature_uses_used_at ON feature_uses (used_at);

CREATE TABLE api_calls (
  id bigserial PRIMARY KEY,
  customer text NOT NULL,
  called_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_calls_called_at ON api_calls (called_at);
