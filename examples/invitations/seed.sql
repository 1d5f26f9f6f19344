-- Some thousand rows over the last thirty days, the same each time.

SELECT setseed(0.42);

INSERT INTO users (email, created_at, last_seen_at)
SELECT 'user' || n || '@example.com', at, least(now(), at + random() * interval '20 days')
FROM (SELECT n, now() - random() * interval '30 days' AS at FROM generate_series(1, 2000) n) u;

INSERT INTO invitations (inviter_id, email, status, created_at, answered_at, expires_at)
SELECT 1 + n % 2000, 'guest' || n || '@example.com', status, at,
       CASE WHEN status IN ('accepted', 'rejected') THEN least(now(), at + random() * interval '3 days') END,
       at + interval '14 days'
FROM (
  SELECT n, now() - random() * interval '30 days' AS at,
         (ARRAY['pending', 'accepted', 'accepted', 'accepted', 'rejected', 'expired', 'revoked'])[1 + floor(random() * 7)::int] AS status
  FROM generate_series(1, 5000) n
) i;

INSERT INTO emails (kind, recipient, outcome, sent_at, answered_at)
SELECT 'invitation', 'guest' || n || '@example.com', outcome, at,
       CASE WHEN outcome <> 'sent' THEN at + random() * interval '5 seconds' END
FROM (
  SELECT n, now() - random() * interval '30 days' AS at,
         CASE WHEN random() < 0.985 THEN 'delivered' WHEN random() < 0.6 THEN 'failed' ELSE 'sent' END AS outcome
  FROM generate_series(1, 5000) n
) e;

INSERT INTO subscriptions (user_id, tier, status, created_at)
SELECT n, (ARRAY['free', 'free', 'free', 'pro', 'team'])[1 + floor(random() * 5)::int],
       CASE WHEN random() < 0.1 THEN 'cancelled' ELSE 'active' END, now() - random() * interval '30 days'
FROM generate_series(1, 2000) n;

INSERT INTO payments (user_id, amount_cents, currency, outcome, created_at)
SELECT 1 + n % 2000, (ARRAY[900, 2900, 9900])[1 + floor(random() * 3)::int], 'EUR',
       CASE WHEN random() < 0.96 THEN 'succeeded' WHEN random() < 0.75 THEN 'failed' ELSE 'refunded' END,
       now() - random() * interval '30 days'
FROM generate_series(1, 3000) n;

INSERT INTO feature_uses (user_id, feature, used_at)
SELECT 1 + n % 2000, (ARRAY['invite', 'import', 'export', 'search', 'api'])[1 + floor(random() * 5)::int],
       now() - random() * interval '30 days'
FROM generate_series(1, 6000) n;

INSERT INTO api_calls (customer, called_at)
SELECT (ARRAY['acme', 'acme', 'acme', 'globex', 'initech', 'example.com'])[1 + floor(random() * 6)::int],
       now() - random() * interval '30 days'
FROM generate_series(1, 4000) n;

ANALYZE;
