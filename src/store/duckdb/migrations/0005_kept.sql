-- Nothing: digests are kept by triggers, which only PostgreSQL has (docs/incremental.md). The number stays the same on both stores.
SELECT 1;
