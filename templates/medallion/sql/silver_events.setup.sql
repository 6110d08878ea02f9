-- _partition and _offset say which raw event a row comes from. By them gold finds the rows of a micro-batch.
CREATE TABLE silver_events (
  event_id VARCHAR NOT NULL PRIMARY KEY,
  user_id VARCHAR,
  event_type VARCHAR,
  amount DECIMAL(18, 2),
  timestamp TIMESTAMP WITH TIME ZONE,
  event_date DATE,
  event_hour INTEGER,
  _partition INTEGER NOT NULL,
  _offset BIGINT NOT NULL
);
