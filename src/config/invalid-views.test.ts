import { expect, it } from 'vitest';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

const HEAD = `version: 1
log: { path: a.csv }
pipelines:
  p: { key: id, batch: { sql: select 1 }, stream: { sql: select 1 } }
views:
`;

it.each([
  ['  v: { sql: select 1, evry: 1m }', ':6:23 views.v.evry: unknown key; did you mean "every"?'],
  ['  v: { every: 1m }', ':6:3 views.v.sql: is missing'],
  [
    '  p: { sql: select 1 }',
    ':6:3 views.p: "p" is the name of a pipeline: both would be the table that readers read by that name',
  ],
  [
    '  v: { sql: select 1, every: 1m, cron: "* * * * *" }',
    ':6:40 views.v.cron: every and cron are both given; keep one',
  ],
  [
    '  v: { sql: select 1, cron: "61 * * * *" }',
    ':6:29 views.v.cron: "61" is not a valid minute (0-59, *, lists, ranges and steps)',
  ],
  ['  v: { sql: no.sql }', ':6:13 views.v.sql: the file no.sql does not exist'],
  ['  v: { sql: select 1, partition_by: { from: day } }', ':6:23 views.v.partition_by.column: is missing'],
  [
    '  v: { sql: select 1, partition_by: { column: day, lookback: 2 } }',
    ':6:62 views.v.partition_by.lookback: must be a duration such as 250ms, 1s, 15m, 2h or 7d, not 2',
  ],
  [
    '  V: { sql: select 1 }',
    ':6:3 views.V: the name of a view must be a SQL name: small letters, digits and _, not starting with a digit, 63 characters at the most',
  ],
  [
    '  events: { sql: select 1 }',
    ':6:3 views.events: this name is reserved: events, batch_events and names that start with cutover_ belong to cutover itself',
  ],
])('%s', async (views, message) => {
  const error = await file.refused(HEAD + views);
  expect(error.message.replace(file.path, '')).toBe(message);
});

it('fills in what is left out', async () => {
  expect(
    await file.load(`${HEAD}  a: { sql: select 1 }
  b: { sql: select 1, cron: "*/5 * * * *", partition_by: day, description: " Days " }
  c: { sql: select 1, every: 1m, partition_by: { column: day, from: at, lookback: 2d, full_every: 1h } }
`),
  ).toMatchObject({
    views: [
      { name: 'a', description: null, schedule: { every: 900_000 } },
      {
        name: 'b',
        description: 'Days',
        schedule: { cron: '*/5 * * * *' },
        partitionBy: { column: 'day', from: '"day"', fullEvery: 86_400_000, lookback: null },
      },
      { name: 'c', partitionBy: { column: 'day', from: 'at', fullEvery: 3_600_000, lookback: 172_800_000 } },
    ],
  });
});
