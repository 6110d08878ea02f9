-- event_types is a set: a rule compares it without regard to order.
CREATE TABLE user_daily (
  event_date DATE NOT NULL,
  user_id VARCHAR NOT NULL,
  events BIGINT NOT NULL,
  daily_spend DECIMAL(38, 2) NOT NULL,
  event_types VARCHAR[] NOT NULL,
  PRIMARY KEY (event_date, user_id)
);

-- Every type seen for a key, and the number of the micro-batch that brought it first (see daily_metrics.setup.sql).
CREATE TABLE user_daily_types (
  event_date DATE NOT NULL,
  user_id VARCHAR NOT NULL,
  event_type VARCHAR NOT NULL,
  added_in BIGINT NOT NULL,
  PRIMARY KEY (event_date, user_id, event_type)
);
CREATE INDEX user_daily_types_added_in ON user_daily_types (added_in);

-- One row: how many micro-batches were applied.
CREATE TABLE user_daily_progress (
  id INTEGER NOT NULL PRIMARY KEY,
  micro_batches BIGINT NOT NULL
);
