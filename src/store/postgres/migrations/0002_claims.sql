-- Claims of partitions: whoever claims one raises its epoch, and what was read under an earlier one can no longer be committed.
ALTER TABLE cutover.offsets ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;

-- Who holds a role that only one process may have, with the server process of its session, and until when it is believed to be alive.
CREATE TABLE cutover.roles (
  role TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  backend INTEGER NOT NULL,
  backend_start TIMESTAMPTZ NOT NULL,
  alive_until TIMESTAMPTZ NOT NULL
);
