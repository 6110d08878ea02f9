-- Well-formed events with an event_id; of redelivered ones the first to arrive. Malformed JSON has no event_id and stays in bronze.
-- What is not a number or a timestamp becomes NULL (pg_input_is_valid: PostgreSQL 16 or newer). The patterns keep out what PostgreSQL reads besides,
-- such as the timestamp 'yesterday'. A timestamp without zone is UTC.
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
      CASE
        WHEN raw ->> 'amount' ~ '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$' AND pg_input_is_valid(raw ->> 'amount', 'numeric(18,2)')
          THEN CAST(raw ->> 'amount' AS DECIMAL(18, 2))
      END AS amount,
      CASE
        WHEN raw ->> 'timestamp' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[-+][0-9]{2}(:?[0-9]{2})?)?)?$'
          AND pg_input_is_valid(raw ->> 'timestamp', 'timestamptz')
          THEN CAST(raw ->> 'timestamp' AS TIMESTAMP WITH TIME ZONE)
      END AS event_time,
      _partition,
      _offset,
      _ingested_at
    FROM (SELECT CASE WHEN pg_input_is_valid(_value, 'jsonb') THEN CAST(_value AS JSON) END AS raw, _partition, _offset, _ingested_at FROM events) AS bronze
  ) AS parsed
  WHERE event_id IS NOT NULL
) AS numbered
WHERE nth = 1
