-- What is internal lives in the schema `cutover`. Texts that end in _json hold JSON; times are UTC.
CREATE TABLE cutover.meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

-- The offset vector: one row per partition, written in the transaction that lands the events.
CREATE TABLE cutover.offsets (
  partition INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  next_offset BIGINT NOT NULL,
  position TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- Events that do not fit the schema, with their reason.
CREATE TABLE cutover.quarantine (
  partition INTEGER NOT NULL,
  "offset" BIGINT NOT NULL,
  reason TEXT NOT NULL,
  raw TEXT,
  quarantined_at TIMESTAMPTZ NOT NULL
);

-- Which code wrote a stream table, and what its setup script created.
CREATE TABLE cutover.stream_jobs (
  pipeline TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL,
  objects_json TEXT NOT NULL,
  built_at TIMESTAMPTZ NOT NULL
);

-- At which cut and by which code a batch side was last published.
CREATE TABLE cutover.batch_results (
  pipeline TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL,
  cut_json TEXT NOT NULL,
  job_ms BIGINT NOT NULL,
  full_at TIMESTAMPTZ NOT NULL,
  published_at TIMESTAMPTZ NOT NULL
);

CREATE SEQUENCE cutover.comparison_id;
CREATE TABLE cutover.comparisons (
  id BIGINT PRIMARY KEY,
  pipeline TEXT NOT NULL,
  verdict TEXT NOT NULL,
  cut_json TEXT NOT NULL,
  full_scope BOOLEAN NOT NULL,
  reused_from BIGINT,
  finished_at TIMESTAMPTZ NOT NULL,
  evidence_batch TEXT NOT NULL,
  evidence_stream TEXT NOT NULL,
  evidence_rules TEXT NOT NULL,
  keys_compared BIGINT NOT NULL,
  mismatch_rate DOUBLE PRECISION NOT NULL,
  result_json TEXT NOT NULL
);
CREATE INDEX comparisons_of_pipeline ON cutover.comparisons (pipeline, id);

-- The life of a discrepancy across cycles.
CREATE TABLE cutover.discrepancies (
  pipeline TEXT NOT NULL,
  key_json TEXT NOT NULL,
  kind TEXT NOT NULL,
  columns_json TEXT NOT NULL,
  first_seen BIGINT NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  last_seen BIGINT NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  resolved_in BIGINT,
  resolved_at TIMESTAMPTZ
);
CREATE INDEX discrepancies_of_pipeline ON cutover.discrepancies (pipeline, resolved_in);

CREATE TABLE cutover.canary (
  pipeline TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state_json TEXT NOT NULL
);

CREATE TABLE cutover.audit (
  pipeline TEXT NOT NULL,
  version BIGINT NOT NULL,
  acted_at TIMESTAMPTZ NOT NULL,
  entry_json TEXT NOT NULL,
  PRIMARY KEY (pipeline, version)
);
