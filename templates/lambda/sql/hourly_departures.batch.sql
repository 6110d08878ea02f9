-- The batch layer: the departures of each hour and airport, from all events up to the cut.
SELECT
  date_trunc('hour', date) AS departure_hour,
  origin,
  COUNT(*) AS flights,
  COUNT(CASE WHEN delay > 15 THEN 1 END) AS delayed,
  CAST(SUM(delay) AS BIGINT) AS total_delay,
  MAX(delay) AS max_delay
FROM events
GROUP BY date_trunc('hour', date), origin
