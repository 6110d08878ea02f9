-- One row: the last hour. It ends at the newest event and not at now(): on a live feed the two are seconds apart, on sample or replayed data only the
-- former shows anything, and a feed that stands still shows its last hour with `as_of` telling how old that is. An event from the future (a wrong clock)
-- would move the hour to where nothing else is, so those do not count. Where silence should read as zero, put CURRENT_TIMESTAMP in the place of the newest event.
WITH newest AS (
  SELECT MAX(timestamp) AS as_of FROM silver_events WHERE timestamp <= CURRENT_TIMESTAMP
)
SELECT
  newest.as_of,
  COUNT(e.event_id) AS events,
  COUNT(DISTINCT e.user_id) AS active_users,
  CAST(COALESCE(SUM(CASE WHEN e.event_type = 'purchase' THEN e.amount END), 0) AS DECIMAL(38, 2)) AS revenue
FROM newest
JOIN silver_events AS e ON e.timestamp > newest.as_of - INTERVAL '1 hour' AND e.timestamp <= newest.as_of
GROUP BY newest.as_of
