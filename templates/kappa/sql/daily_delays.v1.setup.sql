-- The tables of version 1.
CREATE TABLE daily_delays (
  flight_date DATE NOT NULL,
  origin VARCHAR NOT NULL,
  flights BIGINT NOT NULL,
  total_delay BIGINT NOT NULL,
  avg_delay DOUBLE PRECISION NOT NULL,
  delayed BIGINT NOT NULL,
  max_delay INTEGER NOT NULL,
  total_distance BIGINT NOT NULL,
  first_departure TIMESTAMP NOT NULL,
  last_departure TIMESTAMP NOT NULL,
  destinations BIGINT NOT NULL,
  PRIMARY KEY (flight_date, origin)
);

-- Every destination seen for a key, and the number of the micro-batch that brought it first. Counting the rows of one
-- micro-batch is cheap because its number only rises: DuckDB skips all older row groups by their minimum and maximum.
CREATE TABLE daily_delays_destinations (
  flight_date DATE NOT NULL,
  origin VARCHAR NOT NULL,
  destination VARCHAR NOT NULL,
  added_in BIGINT NOT NULL,
  PRIMARY KEY (flight_date, origin, destination)
);

-- One row: how many micro-batches were applied, and the highest event time among them.
CREATE TABLE daily_delays_progress (
  id INTEGER NOT NULL PRIMARY KEY,
  micro_batches BIGINT NOT NULL,
  highest_departure TIMESTAMP
);
