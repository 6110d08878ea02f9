-- What is internal lives in the schema `cutover`. Texts that end in _json hold JSON; times are UTC.
CREATE TABLE cutover.meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

-- The offset vector: one row per partition, written in the transaction that lands the events.
CREATE TABLE cutover.offsets (
  partition INTEGER PRIMARY KEY,
  name VARCHAR NOT NULL,
  next_offset BIGINT NOT NULL,
  position VARCHAR NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

-- Events that do not fit the schema, with their reason.
CREATE TABLE cutover.quarantine (
  partition INTEGER NOT NULL,
  "offset" BIGINT NOT NULL,
  reason VARCHAR NOT NULL,
  raw VARCHAR,
  quarantined_at TIMESTAMPTZ NOT NULL
);

-- Which code wrote a stream table, and what its setup script created.
CREATE TABLE cutover.stream_jobs (
  pipeline VARCHAR PRIMARY KEY,
  code_hash VARCHAR NOT NULL,
  objects_json VARCHAR NOT NULL,
  built_at TIMESTAMPTZ NOT NULL
);

-- At which cut and by which code a batch side was last published.
CREATE TABLE cutover.batch_results (
  pipeline VARCHAR PRIMARY KEY,
  code_hash VARCHAR NOT NULL,
  cut_json VARCHAR NOT NULL,
  job_ms BIGINT NOT NULL,
  full_at TIMESTAMPTZ NOT NULL,
  published_at TIMESTAMPTZ NOT NULL
);

CREATE SEQUENCE cutover.comparison_id;
CREATE TABLE cutover.comparisons (
  id BIGINT PRIMARY KEY,
  pipeline VARCHAR NOT NULL,
  verdict VARCHAR NOT NULL,
  cut_json VARCHAR NOT NULL,
  full_scope BOOLEAN NOT NULL,
  reused_from BIGINT,
  finished_at TIMESTAMPTZ NOT NULL,
  evidence_batch VARCHAR NOT NULL,
  evidence_stream VARCHAR NOT NULL,
  evidence_rules VARCHAR NOT NULL,
  keys_compared BIGINT NOT NULL,
  mismatch_rate DOUBLE NOT NULL,
  result_json VARCHAR NOT NULL
);

-- The life of a discrepancy across cycles.
CREATE TABLE cutover.discrepancies (
  pipeline VARCHAR NOT NULL,
  key_json VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  columns_json VARCHAR NOT NULL,
  first_seen BIGINT NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  last_seen BIGINT NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  resolved_in BIGINT,
  resolved_at TIMESTAMPTZ
);

CREATE TABLE cutover.canary (
  pipeline VARCHAR PRIMARY KEY,
  version BIGINT NOT NULL,
  state_json VARCHAR NOT NULL
);

CREATE TABLE cutover.audit (
  pipeline VARCHAR NOT NULL,
  version BIGINT NOT NULL,
  acted_at TIMESTAMPTZ NOT NULL,
  entry_json VARCHAR NOT NULL,
  PRIMARY KEY (pipeline, version)
);
