/** From so many rows on a temporary table is analysed: the server does not do it by itself, and plans by guesses. */
const ANALYZE_FROM = 1000;

/** Below so many rows a sample of 3,000 tells enough: for a micro-batch the usual one of 30,000 costs more than making its table. */
const SAMPLE_BELOW = 100_000;

/** What tells the planner about a table that was just made (given as SQL); nothing for a small one. */
export function analyzeScript(table: string, rows: number): string | null {
  if (rows < ANALYZE_FROM) return null;
  const analyze = `ANALYZE ${table}`;
  return rows >= SAMPLE_BELOW
    ? analyze
    : `SET default_statistics_target = 10; ${analyze}; RESET default_statistics_target`;
}
