import { describe, expect, it } from 'vitest';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

const HEAD = 'version: 1\nlog: { path: a.csv }\npipelines:\n';
const JOBS = 'batch: { sql: select 1 }, stream: { sql: select 1 }';
const FINE = `${HEAD}  p: { key: id, ${JOBS} }\n`;

const CASES: [what: string, text: string, ...expected: string[]][] = [
  ['an empty file', '', ':1:1 version: is missing; it must be 1', ':1:1 log: is missing', ':1:1 pipelines: is missing'],
  ['a list', '- 1\n', ':1:1 must be a map, not a list'],
  ['a text', 'hello\n', ':1:1 must be a map, not "hello"'],
  ['another version', FINE.replace('1', '2'), ':1:10 version: must be 1, not 2'],
  ['an unknown key', `${FINE}pipeline: 1\n`, ':5:1 pipeline: unknown key; did you mean "pipelines"?'],
  [
    'an unknown key far from all others',
    `${FINE}zzz: 1\n`,
    ':5:1 zzz: unknown key; known are: version, store, log, ingest, landing, pipelines, views',
  ],
  [
    'a key of a pipeline at the top',
    `${FINE}gaet: { min_keys: 3 }\n`,
    ':5:1 gaet: unknown key; "gate" belongs under pipelines.<name>',
  ],
  [
    'a decimal without quotes in a map',
    FINE.replace('{ path: a.csv }', '{ path: a.csv, schema: { a: text, b: decimal(10,3), c: date } }'),
    ':2:43 log.schema.b: must be in quotes, because of its comma: "decimal(10,3)"',
  ],
  ['a key twice', `${FINE}version: 1\n`, ':5:1 Map keys must be unique'],
  ['a key that is a list', `${FINE}? [a, b]\n: 1\n`, ':5:3 a key must be a plain name'],
  ['an empty section', `${FINE}ingest:\n`, ':5:8 ingest: is empty; give it a value or leave it out'],
  [
    'braces that do not close',
    'version: {1\n',
    ':2:1 Flow map in block collection must be sufficiently indented and end with a }',
  ],
  [
    'brackets without quotes',
    'log: { path: a, schema: { x: text[] } }\n',
    ':1:34 Unexpected flow-seq-start at node end; text that holds any of { } [ ] , must stand in quotes',
  ],
  ['an alias without anchor', 'version: *one\n', ':1:10 version: there is no anchor &one above'],
  ['an unknown tag', `${FINE}store: !x { kind: duckdb }\n`, ':5:8 Unresolved tag: !x'],
  [
    'two documents',
    `${FINE}---\nversion: 1\n`,
    ':5:1 Source contains multiple documents; please use YAML.parseAllDocuments()',
  ],
  [
    'a variable that is not closed',
    `${FINE}store: { kind: duckdb, path: "\${HOME" }\n`,
    ':5:30 store.path: "${HOME" is not closed with "}"; write "$${" for a plain "${"',
  ],
  [
    'a variable with a bad name',
    `${FINE}store: { kind: duckdb, path: "\${A B}" }\n`,
    ':5:30 store.path: "${A B}" is not ${NAME} or ${NAME:-default}; write "$${" for a plain "${"',
  ],

  [
    'an unknown store',
    `${FINE}store: { kind: duckbd }\n`,
    ':5:16 store.kind: "duckbd" is not known; did you mean "duckdb"?',
  ],
  ['a store without kind', `${FINE}store: { path: x }\n`, ':5:1 store.kind: is missing; it must be duckdb or postgres'],
  [
    'a schema that is taken',
    `${FINE}store: { kind: duckdb, schemas: { batch: cutover } }\n`,
    ':5:42 store.schemas.batch: this schema is taken: choose another name',
  ],
  [
    'a schema for both sides',
    `${FINE}store: { kind: duckdb, schemas: { batch: x, stream: x } }\n`,
    ':5:33 store.schemas: batch, stream and served must be three different schemas',
  ],
  [
    'the served schema for a side',
    `${FINE}store: { kind: duckdb, schemas: { batch: main } }\n`,
    ':5:33 store.schemas: batch, stream and served must be three different schemas',
  ],
  [
    'an amount of memory',
    `${FINE}store: { kind: duckdb, memory_limit: 4 }\n`,
    ':5:38 store.memory_limit: must be an amount of memory such as 512MB or 4GB, not 4',
  ],

  [
    'an unknown log',
    FINE.replace('{ path: a.csv }', '{ kind: pulsar }'),
    ':2:14 log.kind: "pulsar" is not known; known are: file, kafka',
  ],
  ['no path', FINE.replace('path: a.csv', 'kind: file'), ':2:1 log.path: is missing'],
  ['an empty list of paths', FINE.replace('a.csv', '[]'), ':2:14 log.path: must not be an empty list'],
  ['a number as path', FINE.replace('a.csv', '[a.csv, 5]'), ':2:22 log.path[1]: must be text, not 5'],
  ['a map as path', FINE.replace('a.csv', '{}'), ':2:14 log.path: must be a path or glob or a list of them, not a map'],
  [
    'JSON lines without schema',
    FINE.replace('a.csv', 'a.ndjson'),
    ':2:1 log.schema: is missing; files of JSON lines need the names and types of their columns',
  ],
  [
    'an unknown type',
    FINE.replace('a.csv', 'a.csv, schema: { x: "varchar(3)" }'),
    ':2:34 log.schema.x: must be text, boolean, integer, bigint, double, decimal(precision,scale), date, timestamp, timestamptz, json or bytes, or one of these with []',
  ],
  [
    'a reserved column',
    FINE.replace('a.csv', 'a.csv, schema: { _Offset: text }'),
    ':2:31 log.schema._Offset: this column name is reserved: _partition, _offset, _event_time, _ingested_at, _topic, _key, _value, _headers, _timestamp, _error, _raw',
  ],
  [
    'a column twice',
    FINE.replace('a.csv', 'a.csv, schema: { a: text, A: text }'),
    ':2:43 log.schema.A: stands twice, in other letters',
  ],
  [
    'no such event time',
    FINE.replace('a.csv', 'a.csv, schema: { a: text }, event_time: b'),
    ':2:54 log.event_time: "b" is not among the columns of the schema (a)',
  ],
  [
    'a fraction of an event',
    `${FINE}ingest: { max_events: 1.5 }\n`,
    ':5:23 ingest.max_events: must be a whole number, not 1.5',
  ],
  ['no events', `${FINE}ingest: { max_events: 0 }\n`, ':5:23 ingest.max_events: must be at least 1, not 0'],
  [
    'a number as duration',
    `${FINE}ingest: { max_wait: 5 }\n`,
    ':5:21 ingest.max_wait: must be a duration such as 250ms, 1s, 15m, 2h or 7d, not 5',
  ],
  ['a landing that keeps nothing', `${FINE}landing: { keep: 0s }\n`, ':5:18 landing.keep: must be longer than 0'],
  ['no duration', `${FINE}ingest: { max_wait: 0s }\n`, ':5:21 ingest.max_wait: must be longer than 0'],
];

describe('a bad configuration', () => {
  for (const [what, text, ...expected] of CASES) {
    it(what, async () => {
      expect(await file.problems(text)).toEqual(['CONFIG_INVALID', ...expected.map((line) => `cutover.yaml${line}`)]);
    });
  }

  it('shows all problems at once, in the order of the file, those of sound pipelines and files included', async () => {
    const text = `${HEAD}  a: { key: id, batch: { sql: none.sql }, stream: { sql: select 1 }, after: zz }
  b: { kye: id, ${JOBS} }
store: { kind: postgres }
`;
    expect(await file.problems(text)).toEqual([
      'CONFIG_INVALID',
      'cutover.yaml:4:31 pipelines.a.batch.sql: the file none.sql does not exist',
      'cutover.yaml:4:77 pipelines.a.after[0]: there is no pipeline "zz"; configured are: a, b',
      'cutover.yaml:5:3 pipelines.b.key: is missing',
      'cutover.yaml:5:8 pipelines.b.kye: unknown key; did you mean "key"?',
      'cutover.yaml:6:1 store.url: is missing',
    ]);
  });

  it('lists 20 problems and counts the rest', async () => {
    const lines = await file.problems(FINE + Array.from({ length: 25 }, (_, index) => `zzzz${index}: 1\n`).join(''));
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('... and 5 more');
  });
});
