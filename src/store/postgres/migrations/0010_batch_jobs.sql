-- As stream_jobs, for pipelines whose batch side is another version of the stream job.
CREATE TABLE cutover.batch_jobs (
  pipeline TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL,
  objects_json TEXT NOT NULL,
  built_at TIMESTAMPTZ NOT NULL
);
