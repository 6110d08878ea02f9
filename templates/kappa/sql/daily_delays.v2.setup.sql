-- The tables of version 2: as in version 1, and one column more.
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
  busiest_destination VARCHAR NOT NULL,
  PRIMARY KEY (flight_date, origin)
);

-- The departures of each day by route.
CREATE TABLE daily_delays_routes (
  flight_date DATE NOT NULL,
  origin VARCHAR NOT NULL,
  destination VARCHAR NOT NULL,
  flights BIGINT NOT NULL,
  total_delay BIGINT NOT NULL,
  delayed BIGINT NOT NULL,
  max_delay INTEGER NOT NULL,
  total_distance BIGINT NOT NULL,
  first_departure TIMESTAMP NOT NULL,
  last_departure TIMESTAMP NOT NULL,
  PRIMARY KEY (flight_date, origin, destination)
);
