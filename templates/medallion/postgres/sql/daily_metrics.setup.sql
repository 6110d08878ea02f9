-- amount_count is hidden (a rule leaves it out of the comparison): an average can't be updated without its count.
CREATE TABLE daily_metrics (
  event_date DATE NOT NULL,
  event_type VARCHAR NOT NULL,
  unique_users BIGINT NOT NULL,
  event_count BIGINT NOT NULL,
  total_amount DECIMAL(38, 2) NOT NULL,
  avg_amount DOUBLE PRECISION,
  first_event TIMESTAMP WITH TIME ZONE NOT NULL,
  last_event TIMESTAMP WITH TIME ZONE NOT NULL,
  amount_count BIGINT NOT NULL,
  PRIMARY KEY (event_date, event_type)
);

-- Every user seen for a key, and the number of the micro-batch that brought them first. Counting the rows of one micro-batch
-- is cheap by the index on added_in.
CREATE TABLE daily_metrics_users (
  event_date DATE NOT NULL,
  event_type VARCHAR NOT NULL,
  user_id VARCHAR NOT NULL,
  added_in BIGINT NOT NULL,
  PRIMARY KEY (event_date, event_type, user_id)
);
CREATE INDEX daily_metrics_users_added_in ON daily_metrics_users (added_in);

-- One row: how many micro-batches were applied.
CREATE TABLE daily_metrics_progress (
  id INTEGER NOT NULL PRIMARY KEY,
  micro_batches BIGINT NOT NULL
);
