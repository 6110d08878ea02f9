-- As stream_jobs, for pipelines whose batch side is another version of the stream job.
CREATE TABLE cutover.batch_jobs (
  pipeline VARCHAR PRIMARY KEY,
  code_hash VARCHAR NOT NULL,
  objects_json VARCHAR NOT NULL,
  built_at TIMESTAMPTZ NOT NULL
);
