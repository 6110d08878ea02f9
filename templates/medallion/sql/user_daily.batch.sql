-- What each user did on each day. Events without a day or a user belong to no group. The list is sorted, so that it is the same in each run.
SELECT
  event_date,
  user_id,
  COUNT(*) AS events,
  CAST(COALESCE(SUM(amount), 0) AS DECIMAL(38, 2)) AS daily_spend,
  COALESCE(ARRAY_AGG(DISTINCT event_type ORDER BY event_type) FILTER (WHERE event_type IS NOT NULL), CAST(ARRAY[] AS VARCHAR[])) AS event_types
FROM silver_events
WHERE event_date IS NOT NULL AND user_id IS NOT NULL
GROUP BY event_date, user_id
