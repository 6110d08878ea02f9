-- Activity by day and type of event. Events without a day or a type belong to no group.
SELECT
  event_date,
  event_type,
  unique_users,
  event_count,
  total_amount,
  CAST(total_amount AS DOUBLE PRECISION) / NULLIF(CAST(amount_count AS DOUBLE PRECISION), 0) AS avg_amount,
  first_event,
  last_event
FROM (
  SELECT
    event_date,
    event_type,
    COUNT(DISTINCT user_id) AS unique_users,
    COUNT(*) AS event_count,
    CAST(COALESCE(SUM(amount), 0) AS DECIMAL(38, 2)) AS total_amount,
    COUNT(amount) AS amount_count,
    MIN(timestamp) AS first_event,
    MAX(timestamp) AS last_event
  FROM silver_events
  WHERE event_date IS NOT NULL AND event_type IS NOT NULL
  GROUP BY event_date, event_type
) AS days
