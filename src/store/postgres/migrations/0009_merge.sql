-- What served views read that merge both sides.

-- Since which micro-batch (its moment, in microseconds) every window that events touch is noted, by which definition, and up to which. Written by who lands events.
CREATE TABLE cutover.merge_tracking (
  pipeline TEXT PRIMARY KEY,
  definition TEXT NOT NULL,
  since BIGINT NOT NULL,
  tracked BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The windows that events touched (NULL: events without one), with the moment of the last that did. Those not after the batch side's cut go. Written by who lands events.
CREATE TABLE cutover.merge_windows (pipeline TEXT NOT NULL, value TEXT, touched BIGINT NOT NULL) WITH (fillfactor = 50);

-- Up to which micro-batch a batch side reflects the events. Written by cycles.
CREATE TABLE cutover.merge_published (pipeline TEXT PRIMARY KEY, through BIGINT NOT NULL);
