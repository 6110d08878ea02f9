import { it, expect } from 'vitest';
import { DiffWorld, countsOf } from '../integration/diff-world.js';
it('text key resume', async () => {
  const world = new DiffWorld();
  await world.sql(`COPY (SELECT lpad(CAST(i AS VARCHAR), 7, '0') AS id, i AS v FROM range(120000) t(i)) TO '@/a.parquet' (FORMAT parquet)`, `COPY (SELECT lpad(CAST(i AS VARCHAR), 7, '0') AS id, CASE WHEN i = 7 THEN 0 ELSE i END AS v FROM range(120000) t(i)) TO '@/b.parquet' (FORMAT parquet)`);
  const r = await world.diff('a.parquet', 'b.parquet', { key: ['id'], resume: 'state.json' });
  console.log(r.plan, countsOf(r));
  world.close();
}, 60000);
