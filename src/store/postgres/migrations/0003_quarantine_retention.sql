-- How many retries from quarantine a batch side reflects: a retried event lies below the cut, so that the cut alone does not tell what it holds.
ALTER TABLE cutover.batch_results ADD COLUMN retries BIGINT NOT NULL DEFAULT 0;
CREATE INDEX quarantine_place ON cutover.quarantine (partition, "offset");

-- What was taken out of the landing, by partition: so many events in [first, below). `through` is the newest stamp among them.
CREATE TABLE cutover.pruned (
  partition INTEGER PRIMARY KEY,
  first BIGINT NOT NULL,
  below BIGINT NOT NULL,
  events BIGINT NOT NULL,
  through TIMESTAMPTZ NOT NULL
);
