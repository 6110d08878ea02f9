-- By hour (UTC) and type, over the 24 hours that end with the newest event (see realtime_kpis.view.sql): that hour and the 23 before it.
WITH newest AS (
  SELECT DATE_TRUNC('hour', MAX(timestamp) AT TIME ZONE 'UTC') AS last_hour
  FROM silver_events
  WHERE timestamp <= CURRENT_TIMESTAMP
),
hours AS (
  SELECT DATE_TRUNC('hour', timestamp AT TIME ZONE 'UTC') AS event_hour, event_type, user_id, amount
  FROM silver_events
  WHERE timestamp <= CURRENT_TIMESTAMP AND event_type IS NOT NULL
)
SELECT
  h.event_hour,
  h.event_type,
  COUNT(*) AS events,
  COUNT(DISTINCT h.user_id) AS active_users,
  CAST(COALESCE(SUM(h.amount), 0) AS DECIMAL(38, 2)) AS total_amount
FROM hours AS h
JOIN newest ON h.event_hour > newest.last_hour - INTERVAL '24 hours'
GROUP BY h.event_hour, h.event_type
