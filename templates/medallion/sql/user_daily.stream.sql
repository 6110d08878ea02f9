-- Applied to each micro-batch after silver_events took it; see daily_metrics.stream.sql for how new rows are found.

-- 1. Number this micro-batch.
INSERT INTO user_daily_progress (id, micro_batches) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET micro_batches = user_daily_progress.micro_batches + 1;

-- 2. Remember the types that are new to their key.
INSERT INTO user_daily_types (event_date, user_id, event_type, added_in)
SELECT DISTINCT s.event_date, s.user_id, s.event_type, (SELECT micro_batches FROM user_daily_progress)
FROM silver_events AS s
JOIN batch_events AS b ON b._partition = s._partition AND b._offset = s._offset
WHERE s.event_date IS NOT NULL AND s.user_id IS NOT NULL AND s.event_type IS NOT NULL
ON CONFLICT (event_date, user_id, event_type) DO NOTHING;

-- 3. Fold the new rows, aggregated, into the rows of the keys they touch; only new types are appended, so none stands twice.
INSERT INTO user_daily (event_date, user_id, events, daily_spend, event_types)
SELECT
  arrived.event_date,
  arrived.user_id,
  arrived.events,
  arrived.daily_spend,
  COALESCE(fresh.event_types, CAST(ARRAY[] AS VARCHAR[]))
FROM (
  SELECT s.event_date, s.user_id, COUNT(*) AS events, CAST(COALESCE(SUM(s.amount), 0) AS DECIMAL(38, 2)) AS daily_spend
  FROM silver_events AS s
  JOIN batch_events AS b ON b._partition = s._partition AND b._offset = s._offset
  WHERE s.event_date IS NOT NULL AND s.user_id IS NOT NULL
  GROUP BY s.event_date, s.user_id
) AS arrived
LEFT JOIN (
  SELECT event_date, user_id, ARRAY_AGG(event_type) AS event_types
  FROM user_daily_types
  WHERE added_in = (SELECT micro_batches FROM user_daily_progress)
  GROUP BY event_date, user_id
) AS fresh ON fresh.event_date = arrived.event_date AND fresh.user_id = arrived.user_id
ON CONFLICT (event_date, user_id) DO UPDATE SET
  events = user_daily.events + excluded.events,
  daily_spend = user_daily.daily_spend + excluded.daily_spend,
  event_types = user_daily.event_types || excluded.event_types;
