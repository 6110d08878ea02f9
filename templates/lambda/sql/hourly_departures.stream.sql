-- The speed layer: each micro-batch, aggregated, is folded into the rows of the keys it touches. Late flights are simply added.
INSERT INTO hourly_departures AS h (departure_hour, origin, flights, delayed, total_delay, max_delay)
SELECT
  date_trunc('hour', date),
  origin,
  COUNT(*),
  COUNT(CASE WHEN delay > 15 THEN 1 END),
  CAST(SUM(delay) AS BIGINT),
  MAX(delay)
FROM batch_events
GROUP BY date_trunc('hour', date), origin
ON CONFLICT (departure_hour, origin) DO UPDATE SET
  flights = h.flights + excluded.flights,
  delayed = h.delayed + excluded.delayed,
  total_delay = h.total_delay + excluded.total_delay,
  max_delay = GREATEST(h.max_delay, excluded.max_delay);
