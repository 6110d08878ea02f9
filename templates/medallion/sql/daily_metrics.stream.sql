-- Applied to each micro-batch after silver_events took it. What is new in silver are the rows that stand at the offsets of
-- the micro-batch: a redelivered event has none.

-- 1. Number this micro-batch.
INSERT INTO daily_metrics_progress (id, micro_batches) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET micro_batches = daily_metrics_progress.micro_batches + 1;

-- 2. Remember the users that are new to their key.
INSERT INTO daily_metrics_users (event_date, event_type, user_id, added_in)
SELECT DISTINCT s.event_date, s.event_type, s.user_id, (SELECT micro_batches FROM daily_metrics_progress)
FROM silver_events AS s
JOIN batch_events AS b ON b._partition = s._partition AND b._offset = s._offset
WHERE s.event_date IS NOT NULL AND s.event_type IS NOT NULL AND s.user_id IS NOT NULL
ON CONFLICT (event_date, event_type, user_id) DO NOTHING;

-- 3. Fold the new rows, aggregated, into the rows of the keys they touch. The average is the same division of the same two
--    exact numbers as in the batch query, so it is the same double.
INSERT INTO daily_metrics (
  event_date, event_type, unique_users, event_count, total_amount, avg_amount, first_event, last_event, amount_count
)
SELECT
  arrived.event_date,
  arrived.event_type,
  COALESCE(fresh.unique_users, 0),
  arrived.event_count,
  arrived.total_amount,
  CAST(arrived.total_amount AS DOUBLE PRECISION) / NULLIF(CAST(arrived.amount_count AS DOUBLE PRECISION), 0),
  arrived.first_event,
  arrived.last_event,
  arrived.amount_count
FROM (
  SELECT
    s.event_date,
    s.event_type,
    COUNT(*) AS event_count,
    CAST(COALESCE(SUM(s.amount), 0) AS DECIMAL(38, 2)) AS total_amount,
    COUNT(s.amount) AS amount_count,
    MIN(s.timestamp) AS first_event,
    MAX(s.timestamp) AS last_event
  FROM silver_events AS s
  JOIN batch_events AS b ON b._partition = s._partition AND b._offset = s._offset
  WHERE s.event_date IS NOT NULL AND s.event_type IS NOT NULL
  GROUP BY s.event_date, s.event_type
) AS arrived
LEFT JOIN (
  SELECT event_date, event_type, COUNT(*) AS unique_users
  FROM daily_metrics_users
  WHERE added_in = (SELECT micro_batches FROM daily_metrics_progress)
  GROUP BY event_date, event_type
) AS fresh ON fresh.event_date = arrived.event_date AND fresh.event_type = arrived.event_type
ON CONFLICT (event_date, event_type) DO UPDATE SET
  unique_users = daily_metrics.unique_users + excluded.unique_users,
  event_count = daily_metrics.event_count + excluded.event_count,
  total_amount = daily_metrics.total_amount + excluded.total_amount,
  avg_amount = CAST(daily_metrics.total_amount + excluded.total_amount AS DOUBLE PRECISION)
    / NULLIF(CAST(daily_metrics.amount_count + excluded.amount_count AS DOUBLE PRECISION), 0),
  first_event = LEAST(daily_metrics.first_event, excluded.first_event),
  last_event = GREATEST(daily_metrics.last_event, excluded.last_event),
  amount_count = daily_metrics.amount_count + excluded.amount_count;
