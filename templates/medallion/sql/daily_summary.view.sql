-- By day (UTC), over the 30 days that end with that of the newest event (see realtime_kpis.view.sql). Revenue per user is rounded to cents.
WITH newest AS (
  SELECT MAX(event_date) AS last_day FROM silver_events WHERE timestamp <= CURRENT_TIMESTAMP
)
SELECT
  d.event_date,
  d.events,
  d.active_users,
  d.revenue,
  CAST(ROUND(d.revenue / NULLIF(d.active_users, 0), 2) AS DECIMAL(38, 2)) AS revenue_per_user
FROM (
  SELECT
    event_date,
    COUNT(*) AS events,
    COUNT(DISTINCT user_id) AS active_users,
    CAST(COALESCE(SUM(CASE WHEN event_type = 'purchase' THEN amount END), 0) AS DECIMAL(18, 2)) AS revenue
  FROM silver_events
  WHERE event_date IS NOT NULL AND timestamp <= CURRENT_TIMESTAMP
  GROUP BY event_date
) AS d
JOIN newest ON d.event_date > newest.last_day - 30
