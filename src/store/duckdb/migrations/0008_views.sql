-- Materialized views (docs/views.md): how the rows in a view's table came to be. A view that was removed from the configuration keeps its row and its table.
CREATE TABLE IF NOT EXISTS cutover.views (
  name VARCHAR PRIMARY KEY,
  -- Of the SQL and partitions that made the rows; NULL: never built.
  code_hash VARCHAR,
  refreshed_at TIMESTAMPTZ,
  duration_ms BIGINT,
  row_count BIGINT,
  changed_rows BIGINT,
  -- NULL: all rows were computed.
  partitions BIGINT,
  full_at TIMESTAMPTZ,
  full_reason TEXT,
  corrected_rows BIGINT NOT NULL,
  sources_json TEXT NOT NULL,
  -- What the rows reflect, for the next refresh by partitions; NULL: it has to compute all rows.
  basis_json TEXT,
  attempted_at TIMESTAMPTZ NOT NULL,
  error TEXT,
  failures INTEGER NOT NULL
);
