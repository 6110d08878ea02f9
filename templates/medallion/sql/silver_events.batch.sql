-- Well-formed events with an event_id; of redelivered ones the first to arrive. Malformed JSON has no event_id and stays in bronze.
-- TRY_CAST, as against a failing cast, turns what is not a number or a timestamp into NULL. A timestamp without zone is UTC.
SELECT
  event_id,
  user_id,
  event_type,
  amount,
  event_time AS timestamp,
  CAST(event_time AT TIME ZONE 'UTC' AS DATE) AS event_date,
  CAST(EXTRACT(HOUR FROM event_time AT TIME ZONE 'UTC') AS INTEGER) AS event_hour,
  _partition,
  _offset
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY _ingested_at, _partition, _offset) AS nth
  FROM (
    SELECT
      raw ->> 'event_id' AS event_id,
      raw ->> 'user_id' AS user_id,
      raw ->> 'event_type' AS event_type,
      TRY_CAST(raw ->> 'amount' AS DECIMAL(18, 2)) AS amount,
      TRY_CAST(raw ->> 'timestamp' AS TIMESTAMP WITH TIME ZONE) AS event_time,
      _partition,
      _offset,
      _ingested_at
    FROM (SELECT TRY_CAST(payload AS JSON) AS raw, _partition, _offset, _ingested_at FROM events) AS bronze
  ) AS parsed
  WHERE event_id IS NOT NULL
) AS numbered
WHERE nth = 1
