-- Claims of partitions: whoever claims one raises its epoch, and what was read under an earlier one can no longer be committed.
ALTER TABLE cutover.offsets ADD COLUMN epoch BIGINT DEFAULT 0;
