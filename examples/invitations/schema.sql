-- The invitation service's tables: what Backstay's shipped catalog counts.

CREATE TABLE users (
  id bigserial PRIMARY KEY,
  email text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now()
);

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
CREATE INDEX invitations_pending ON invitations (created_at) WHERE status = 'pending';

CREATE TABLE emails (
  id bigserial PRIMARY KEY,
  kind text NOT NULL,
  recipient text NOT NULL,
  outcome text NOT NULL DEFAULT 'sent' CHECK (outcome IN ('sent', 'delivered', 'failed')),
  sent_at timestamptz NOT NULL DEFAULT now(),
  answered_at timestamptz
);

CREATE TABLE subscriptions (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  tier text NOT NULL CHECK (tier IN ('free', 'pro', 'team')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT now(),
  cancelled_at timestamptz
);

CREATE TABLE payments (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'refunded')),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE feature_uses (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  feature text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now()
);
