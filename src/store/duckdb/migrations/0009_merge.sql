-- What served views read that merge both sides. Not in the schema `cutover`: for who opens the file cutover.duckdb by itself, that name would be the file's too.
CREATE SCHEMA IF NOT EXISTS cutover_serving;

-- Since which micro-batch (its moment, in microseconds) every window that events touch is noted, by which definition, and up to which. Written by who lands events.
CREATE TABLE cutover_serving.merge_tracking (
  pipeline VARCHAR PRIMARY KEY,
  definition VARCHAR NOT NULL,
  since BIGINT NOT NULL,
  tracked BIGINT NOT NULL
);

-- The windows that events touched (NULL: events without one), with the moment of the last that did. Those not after the batch side's cut go. Written by who lands events.
CREATE TABLE cutover_serving.merge_windows (pipeline VARCHAR NOT NULL, value VARCHAR, touched BIGINT NOT NULL);

-- Up to which micro-batch a batch side reflects the events. Written by cycles.
CREATE TABLE cutover_serving.merge_published (pipeline VARCHAR PRIMARY KEY, through BIGINT NOT NULL);
