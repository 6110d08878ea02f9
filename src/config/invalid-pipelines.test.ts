import { describe, expect, it } from 'vitest';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

const HEAD = 'version: 1\nlog: { path: a.csv }\npipelines:\n';
const JOBS = 'batch: { sql: select 1 }, stream: { sql: select 1 }';
/** A file with one pipeline `p`, valid but for what is added on line 5. */
const withKeys = (line: string): string => `${HEAD}  p: { key: [id, Day], ${JOBS},\n    ${line} }\n`;
const withJobs = (batch: string, stream = 'sql: select 1'): string =>
  `${HEAD}  p:\n    key: id\n    batch: { ${batch} }\n    stream: { ${stream} }\n`;
const FINE = `${HEAD}  p: { key: id, ${JOBS} }\n`;

const CASES: [what: string, text: string, ...expected: string[]][] = [
  [
    'no pipelines',
    'version: 1\nlog: { path: a.csv }\npipelines: {}\n',
    ':3:12 pipelines: must name at least one pipeline',
  ],
  [
    'a reserved name',
    FINE.replace('  p:', '  events:'),
    ':4:3 pipelines.events: this name is reserved: events, batch_events and names that start with cutover_ belong to cutover itself',
  ],
  ['no key', FINE.replace('key: id, ', ''), ':4:3 pipelines.p.key: is missing'],
  [
    'a key column twice',
    withKeys('after: []').replace('[id, Day]', '[id, id]').replace(',\n    after: []', ''),
    ':4:18 pipelines.p.key[1]: "id" stands twice',
  ],
  [
    'a key column twice in other letters',
    withKeys('').replace('[id, Day]', '[id, ID]').replace(',\n    ', ''),
    ':4:18 pipelines.p.key[1]: "ID" stands twice, in other letters',
  ],
  [
    'an unknown pipeline',
    withKeys('after: q'),
    ':5:12 pipelines.p.after[0]: there is no pipeline "q"; configured are: p',
  ],

  [
    'no batch job',
    withJobs('every: 1h'),
    ':6:12 pipelines.p.batch: must have exactly one of sql, command, replay, stream, external; none is given',
  ],
  [
    'two batch jobs',
    withJobs('sql: select 1, replay: true'),
    ':6:12 pipelines.p.batch: must have exactly one of sql, command, replay, stream, external; sql and replay are given',
  ],
  [
    'a command as text',
    withJobs('command: python job.py'),
    ':6:23 pipelines.p.batch.command: must be a list of the program and its arguments, such as [python, job.py], not "python job.py"',
  ],
  ['an empty command', withJobs('command: []'), ':6:23 pipelines.p.batch.command: must name a program'],
  [
    'a timeout without command',
    withJobs('sql: select 1, timeout: 1h'),
    ':6:38 pipelines.p.batch.timeout: is only for a command, not for sql',
  ],
  [
    'no events for a query',
    withJobs('sql: select 1, events: false'),
    ':6:37 pipelines.p.batch.events: is only for a command, not for sql',
  ],
  [
    'partitions without sql',
    withJobs('replay: true, partition_by: day'),
    ':6:42 pipelines.p.batch.partition_by: is only for sql, not for replay',
  ],
  [
    'kept digests of the embedded store',
    withKeys('compare: { incremental: true }'),
    ':5:29 pipelines.p.compare.incremental: is only for a PostgreSQL store, whose triggers keep the digests; the embedded one compares in full',
  ],
  [
    'an unknown key of a partition',
    withJobs('sql: select 1, partition_by: { column: d, form: x }'),
    ':6:56 pipelines.p.batch.partition_by.form: unknown key; did you mean "from"?',
  ],
  [
    'replay: false',
    withJobs('replay: false'),
    ':6:22 pipelines.p.batch.replay: must be true, or be left out, not false',
  ],
  [
    'two schedules',
    withJobs('sql: select 1, every: 1h, cron: "* * * * *"'),
    ':6:46 pipelines.p.batch.cron: every and cron are both given; keep one',
  ],
  [
    'six cron fields',
    withJobs('sql: select 1, cron: "0 * * * * *"'),
    ':6:35 pipelines.p.batch.cron: must have five fields: minute, hour, day of month, month, day of week (for example "*/15 * * * *")',
  ],
  [
    'a cron hour',
    withJobs('sql: select 1, cron: "0 24 * * *"'),
    ':6:35 pipelines.p.batch.cron: "24" is not a valid hour (0-23, *, lists, ranges and steps)',
  ],
  [
    'an unknown hold',
    withJobs('sql: select 1, hold: cpoy'),
    ':6:35 pipelines.p.batch.hold: "cpoy" is not known; did you mean "copy"?',
  ],
  [
    'neither path nor SQL',
    withJobs('sql: job.sqll'),
    ':6:19 pipelines.p.batch.sql: must be the path of a file that ends in .sql, or a SQL text',
  ],
  [
    'no stream job',
    withJobs('sql: select 1', 'setup: select 1'),
    ':7:13 pipelines.p.stream: must have exactly one of sql, module, external; none is given',
  ],
  [
    'two stream jobs',
    withJobs('sql: select 1', 'sql: select 1, module: a.js'),
    ':7:13 pipelines.p.stream: must have exactly one of sql, module, external; sql and module are given',
  ],
  [
    'a module of another language',
    withJobs('sql: select 1', 'module: a.py'),
    ':7:23 pipelines.p.stream.module: must be the path of a .js, .mjs, .cjs, .ts, .mts or .cts file',
  ],

  [
    'ignore without reason',
    withKeys('compare: { columns: { x: { ignore: true } } }'),
    ':5:27 pipelines.p.compare.columns.x.because: is missing; ignore must say why the difference is acceptable',
  ],
  [
    'a tolerance without reason',
    withKeys('compare: { columns: { x: { absolute: 1, relative: 0.1 } } }'),
    ':5:27 pipelines.p.compare.columns.x.because: is missing; absolute and relative must say why the difference is acceptable',
  ],
  [
    'ignore beside another rule',
    withKeys('compare: { columns: { x: { ignore: true, set: true, because: y } } }'),
    ':5:30 pipelines.p.compare.columns.x: ignore excludes every other rule; set cannot stand beside it',
  ],
  [
    'no rule',
    withKeys('compare: { columns: { "a b": {} } }'),
    ':5:34 pipelines.p.compare.columns["a b"]: has no rule; give one of absolute, relative, round, within, ignore, null_equals, set, case, whitespace, ignore_paths, or leave the column out',
  ],
  [
    'a rule on a key column',
    withKeys('compare: { columns: { DAY: { set: true } } }'),
    ':5:32 pipelines.p.compare.columns.DAY: is a key column; a key has no rule, it must be equal',
  ],
  [
    'an end without anything to end',
    withKeys('compare: { columns: { x: { set: true, until: 2027-01-31 } } }'),
    ':5:50 pipelines.p.compare.columns.x.until: is only for rules that let a difference pass, not for null_equals and set',
  ],
  [
    'a day that does not exist',
    withKeys('compare: { columns: { x: { ignore: true, because: y, until: 2027-02-29 } } }'),
    ':5:65 pipelines.p.compare.columns.x.until: must be a day such as 2027-01-31',
  ],
  [
    'a tolerance of 0',
    withKeys('compare: { columns: { x: { absolute: 0.0, because: y } } }'),
    ':5:42 pipelines.p.compare.columns.x.absolute: must be a number above 0, such as 0.01',
  ],
  [
    'a negative tolerance',
    withKeys('compare: { columns: { x: { absolute: "-1", because: y } } }'),
    ':5:42 pipelines.p.compare.columns.x.absolute: must be a number above 0, such as 0.01',
  ],
  [
    'a relative tolerance of 1',
    withKeys('compare: { columns: { x: { relative: 1, because: y } } }'),
    ':5:42 pipelines.p.compare.columns.x.relative: must be less than 1, not 1',
  ],
  [
    'a tolerance beside `ignore: false` without a reason',
    withKeys('compare: { columns: { x: { ignore: false, round: 2 } } }'),
    ':5:27 pipelines.p.compare.columns.x.because: is missing; round must say why the difference is acceptable',
  ],
  [
    'half a digit',
    withKeys('compare: { columns: { x: { round: 1.5, because: y } } }'),
    ':5:39 pipelines.p.compare.columns.x.round: must be a whole number, not 1.5',
  ],
  [
    'a path that is none',
    withKeys('compare: { columns: { x: { ignore_paths: ["$.a", "$..b"], because: y } } }'),
    `:5:54 pipelines.p.compare.columns.x.ignore_paths[1]: is not understood from "..b" on; steps are .name, ['any name'], .*, [0] and [*]`,
  ],
  [
    'a key column with two names',
    withKeys('compare: { map: { DAY: d } }'),
    ':5:28 pipelines.p.compare.map.DAY: is a key column; in a pipeline it has one name on both sides',
  ],
  [
    'one column for two',
    withKeys('compare: { map: { a: c, b: c } }'),
    ':5:32 pipelines.p.compare.map.b: "c" is already the name of a',
  ],
  [
    'no rows to be compared',
    withKeys('compare: { where: {} }'),
    ':5:23 pipelines.p.compare.where: must have batch, stream or both',
  ],

  [
    'nothing to compare',
    withKeys('gate: { min_keys: 0 }'),
    ':5:23 pipelines.p.gate.min_keys: must be at least 1, not 0',
  ],
  [
    'a rate of 1',
    withKeys('gate: { max_mismatch_rate: 1 }'),
    ':5:32 pipelines.p.gate.max_mismatch_rate: must be less than 1, not 1',
  ],
  [
    'not a number',
    withKeys('gate: { max_mismatch_rate: .nan }'),
    ':5:32 pipelines.p.gate.max_mismatch_rate: must be a number, not NaN',
  ],
  [
    'a truth value in words',
    withKeys('canary: { auto: yes }'),
    ':5:21 pipelines.p.canary.auto: must be true or false, not "yes"',
  ],
  [
    'steps that do not ascend',
    withKeys('canary: { steps: [5, 5, 100] }'),
    ':5:26 pipelines.p.canary.steps[1]: steps must ascend: 5 comes after 5',
  ],
  [
    'a last step below 100',
    withKeys('canary: { steps: [5] }'),
    ':5:22 pipelines.p.canary.steps: the last step must be 100, not 5',
  ],
  [
    'a step above 100',
    withKeys('canary: { steps: [5, 101] }'),
    ':5:26 pipelines.p.canary.steps[1]: must be at most 100, not 101',
  ],
  [
    'a step finer than a millionth',
    withKeys('canary: { steps: [0.00015, 100] }'),
    ':5:23 pipelines.p.canary.steps[0]: must be a percentage with at most 4 decimals, not 0.00015',
  ],
  [
    'an approval of no step',
    withKeys('canary: { approve: [30] }'),
    ':5:25 pipelines.p.canary.approve[0]: 30 is not among the steps (1, 5, 10, 25, 50, 100)',
  ],
  [
    'a window that is not in the key',
    withKeys('serve: { merge: hour }'),
    ':5:21 pipelines.p.serve.merge: "hour" is not a key column (id, Day); a key must belong to one window',
  ],
  [
    'a window in a map that is not in the key',
    withKeys('serve: { merge: { window: hour, form: x } }'),
    ':5:37 pipelines.p.serve.merge.form: unknown key; did you mean "from"?',
  ],
  [
    'merged reads of a command that reads its input elsewhere',
    `${withJobs('command: [x], events: false')}    serve: { merge: id }\n`,
    ':8:21 pipelines.p.serve.merge: is not for a command that reads its input elsewhere: which events its result holds is not known',
  ],
  [
    'merged reads of a table that somebody else writes',
    `${withJobs('external: { table: a.b, align: { settle: {} } }')}    serve: { merge: id }\n`,
    ':8:21 pipelines.p.serve.merge: is not for a pipeline with an external side: which events its rows hold is not known',
  ],
  [
    'a rollback below what the gate allows',
    withKeys('gate: { max_mismatch_rate: 0.01 }, canary: { rollback_at: 0.001 }'),
    ':5:63 pipelines.p.canary.rollback_at: must not be below gate.max_mismatch_rate (0.01): what the gate allows would be rolled back',
  ],
];

describe('a bad pipeline', () => {
  for (const [what, text, ...expected] of CASES) {
    it(what, async () => {
      expect(await file.problems(text)).toEqual(['CONFIG_INVALID', ...expected.map((line) => `cutover.yaml${line}`)]);
    });
  }

  it('a name that is not plain SQL', async () => {
    expect(await file.problems(FINE.replace('  p:', '  Daily-1:'))).toEqual([
      'CONFIG_INVALID',
      'cutover.yaml:4:3 pipelines.Daily-1: the name of a pipeline must be a SQL name: small letters, digits and _, not starting with a digit, 63 characters at the most',
    ]);
  });

  it('pipelines in a circle, which is named', async () => {
    const line = (name: string, after: string): string => `  ${name}: { key: id, after: [${after}], ${JOBS} }\n`;
    expect(await file.problems(HEAD + line('x', 'a') + line('a', 'c') + line('b', 'a') + line('c', 'b'))).toEqual([
      'PIPELINE_CYCLE',
      'cutover.yaml:5:24 pipelines.a.after: pipelines wait for each other in a circle: a -> c -> b -> a',
    ]);
    expect(await file.problems(HEAD + line('x', 'x'))).toEqual([
      'PIPELINE_CYCLE',
      'cutover.yaml:4:24 pipelines.x.after: pipelines wait for each other in a circle: x -> x',
    ]);
  });
});
