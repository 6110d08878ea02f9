-- How many retries from quarantine a batch side reflects: a retried event lies below the cut, so that the cut alone does not tell what it holds.
ALTER TABLE cutover.batch_results ADD COLUMN retries BIGINT NOT NULL DEFAULT 0;
CREATE INDEX quarantine_place ON cutover.quarantine (partition, "offset");

-- Events of a partition below this offset are no longer in the landing; `through` is the newest stamp among them.
CREATE TABLE cutover.pruned (
  partition INTEGER PRIMARY KEY,
  below BIGINT NOT NULL,
  through TIMESTAMPTZ NOT NULL
);
