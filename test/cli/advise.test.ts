import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { adviceSteps } from '../../src/app/advise-steps.js';
import { runCli } from '../../src/cli/cli.js';
import { useCases } from '../../src/cli/use-cases.js';
import type { Advice } from '../../src/model/advice.js';
import { cli } from './harness.js';
import type { Outcome } from './harness.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The built program (`npm run build`, which `npm test` does first). */
const BIN = join(ROOT, 'dist/cli/main.js');
const REAL = { advise: () => useCases.advise() };

const folder = mkdtempSync(join(tmpdir(), 'cutover-advise-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function adviseOn(text: string, args: readonly string[] = [], name = 'a.yaml'): Promise<Outcome> {
  writeFileSync(join(folder, name), text);
  return cli(['advise', name, ...args], REAL, { cwd: folder, env: { EPS: '12' } });
}

const USE_CASE = 'use_case: { latency_requirement: batch }\n';

describe('FILE', () => {
  const WRONG: readonly (readonly [what: string, text: string, ...messages: string[]])[] = [
    ['empty', '', ':1:1 use_case: is missing'],
    ['a list', '- a\n', ':1:1 must be a map, not a list'],
    ['without a requirement', 'use_case: { name: x }\n', ':1:1 use_case.latency_requirement: is missing'],
    [
      'an unknown tier',
      'use_case:\n  latency_requirement: realtime\n',
      ':2:24 use_case.latency_requirement: "realtime" is not known; did you mean "real_time"?',
    ],
    [
      'no tier',
      'use_case:\n  latency_requirement: soon\n',
      '"soon" is not known; known are: real_time, near_real_time, micro_batch, mini_batch, batch, and durations such as 5m',
    ],
    ['no time at all', 'use_case: { latency_requirement: 0s }\n', 'must be longer than 0'],
    [
      'negative numbers',
      'use_case: { latency_requirement: batch, events_per_second: -1 }\nvolume: { events_per_day: -5 }\nbaseline_monthly_compute: -0.01\n',
      ':1:60 use_case.events_per_second: must be at least 0, not -1',
      ':2:27 volume.events_per_day: must be at least 0, not -5',
      ':3:27 baseline_monthly_compute: must be at least 0, not -0.01',
    ],
    [
      'no numbers',
      'use_case: { latency_requirement: batch, events_per_second: .inf, peak_multiplier: .nan }\n',
      'must be a number, not Infinity',
      'must be a number, not NaN',
    ],
    [
      'an absurd amount',
      'use_case: { latency_requirement: batch, revenue_impact_per_minute_delay: 1e300 }\n',
      'must be at most 1000000000000000, not 1e+300',
    ],
    [
      'wrong types',
      'use_case: { latency_requirement: batch, requires_ordering: "yes", cost_of_error: 3 }\nvolume: 17\n',
      'requires_ordering: must be true or false, not "yes"',
      'cost_of_error: must be low or medium or high or critical, not 3',
      'volume: must be a map, not 17',
    ],
    [
      'unknown approaches',
      `${USE_CASE}approaches: [batch_simple, near_realtime]\nfigures: { microbatch: {} }\n`,
      ':2:28 approaches[1]: "near_realtime" is not known; did you mean "near_real_time"?',
      'figures.microbatch: unknown key; did you mean "micro_batch"?',
    ],
    ['no approach', `${USE_CASE}approaches: []\n`, 'must name at least one approach'],
    ['an approach twice', `${USE_CASE}approaches: [real_time, real_time]\n`, 'approaches[1]: "real_time" stands twice'],
    [
      'one approach against itself',
      `${USE_CASE}break_even: { batch: micro_batch, streaming: micro_batch }\n`,
      'break_even.streaming: is the same approach as batch',
    ],
    [
      'unknown keys',
      `${USE_CASE}use_cases: 1\nfactors: { team: maybe }\n`,
      ':2:1 use_cases: unknown key; did you mean "use_case"?',
      'factors.team: "maybe" is not known; known are: streaming, batch, neutral',
    ],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n`,
      'alias',
    ],
    ['no YAML', 'use_case: {\n', ':2:1 '],
  ];
  it.each(WRONG)('%s', async (_what, text, ...messages) => {
    const { code, stdout, stderr } = await adviseOn(text);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error\[ADVICE_INVALID\]: a\.yaml:\d+:\d+ /);
    for (const message of messages) expect(stderr).toContain(message);
    expect(stderr).toContain('help: Correct the file; docs/advise.md describes every key.');
  });

  it('that is not there', async () => {
    const { code, stderr } = await cli(['advise', 'nowhere.yaml'], REAL, { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error\[ADVICE_INVALID\]: The file .*nowhere\.yaml does not exist\./);
  });

  it('may be JSON, have anchors, and take numbers from variables', async () => {
    const json = await adviseOn(
      '{\n\t"use_case": { "latency_requirement": "5m" }, "volume": { "events_per_day": 1e15 } }',
      ['--format', 'json'],
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      requirement: { stated: 'micro_batch', stated_as: '5m' },
      volume: { events_per_day: 1e15 },
    });
    const yaml = await adviseOn(
      `use_case: { latency_requirement: batch, events_per_second: \${EPS}, revenue_impact_per_minute_delay: &r 5 }\nbreak_even: { revenue_per_minute: *r }\nfigures: { batch_simple: &f { monthly_compute: 4 }, real_time: { <<: *f, on_call_hours: 2 } }\n`,
      ['--format', 'json'],
    );
    const advice = JSON.parse(yaml.stdout) as Advice;
    expect(advice).toMatchObject({ volume: { events_per_second: 12 }, break_even: { revenue_per_minute: 5 } });
    expect(advice.costs.real_time?.parts).toMatchObject({ compute: 4, on_call_hours: 2 });
  });
});

describe('the answer', () => {
  const nightly = readFileSync(join(ROOT, 'fixtures/advise/nightly-warehouse.yaml'), 'utf8');

  it('in JSON has the promised fields, in numbers; it exits with 0 whatever it says', async () => {
    const { code, stdout, stderr } = await adviseOn(nightly, ['--format', 'json']);
    expect([code, stderr]).toEqual([0, '']);
    const advice = JSON.parse(stdout) as Advice;
    expect(advice.schema).toBe('cutover.advice/v1');
    expect(Object.keys(advice)).toEqual(
      expect.arrayContaining(['requirement', 'costs', 'break_even', 'matrix', 'assumptions']),
    );
    for (const key of ['stated', 'recommended', 'changed', 'rationale', 'warnings', 'questions'])
      expect(advice.requirement).toHaveProperty(key);
    for (const cost of Object.values(advice.costs))
      for (const key of [
        'monthly_infrastructure',
        'monthly_operational',
        'total_monthly',
        'initial_investment',
        'annual_tco',
      ])
        expect(cost).toHaveProperty(key, expect.any(Number));
    for (const key of [
      'monthly_cost_increase',
      'monthly_latency_value',
      'monthly_net_benefit',
      'initial_investment_increase',
      'revenue_per_minute_at_12_months',
    ])
      expect(advice.break_even).toHaveProperty(key, expect.any(Number));
    expect(advice.break_even).toMatchObject({ payback_months: null, recommended: false });
    expect(advice.matrix).toMatchObject({ score: expect.any(Number), favours: 'batch' });
    expect(advice.matrix.factors).toHaveLength(10);
    expect(stdout).not.toMatch(/NaN|Infinity/);
  });

  it.each(['json', 'table', 'markdown', 'html'] as const)('as %s is what it was', async (format) => {
    const { code, stdout } = await adviseOn(nightly, ['--format', format]);
    expect(code).toBe(0);
    const file = new URL(
      `golden/advice.${{ json: 'json', table: 'txt', markdown: 'md', html: 'html' }[format]}`,
      import.meta.url,
    );
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, stdout);
    expect(stdout).toBe(readFileSync(file, 'utf8'));
  });

  it('fits into a narrow terminal without cutting a word', async () => {
    writeFileSync(join(folder, 'a.yaml'), nightly);
    const { stdout } = await cli(['advise', 'a.yaml'], REAL, { cwd: folder, tty: true });
    expect(stdout).not.toContain('…');
    // eslint-disable-next-line no-control-regex -- colours are what is taken away
    const lines = stdout.replace(/\u001b\[\d+m/g, '').split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  const EVIL = `use_case:
  name: '<script>alert(1)</script> "&'' | \\u202e'
  description: "<img src=x onerror=alert(1)> \\e[31m red"
  latency_requirement: batch
factors: { team: { direction: batch, reason: "</table><b>x</b> | [l](http://x) @you" } }
answers: { decision: "</li><script>" }
`;

  it('in HTML is one file in which input is only text', async () => {
    const { stdout } = await adviseOn(EVIL, ['--format', 'html']);
    expect(stdout).not.toMatch(/<script|<img|<b>|\u001b|\u202e/);
    expect(stdout).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;');
    expect(stdout).not.toMatch(/<[^>]*\s(?:src|href)=|url\(|@import/);
    // Both charts say in words what they show, and every tag is closed.
    expect(stdout.match(/<svg [^>]*role="img" aria-labelledby="[\w-]+ [\w-]+"/g)).toHaveLength(2);
    expect(stdout.match(/<desc id="[\w-]+">[^<]+<\/desc>/g)).toHaveLength(2);
    for (const tag of ['svg', 'table', 'section', 'ul', 'li', 'td', 'figure', 'details'])
      expect([tag, stdout.match(new RegExp(`<${tag}[ >]`, 'g'))?.length]).toEqual([
        tag,
        stdout.match(new RegExp(`</${tag}>`, 'g'))?.length,
      ]);
    expect(stdout).toContain('prefers-color-scheme: dark');
  });

  it('in Markdown and at a terminal is only text, too', async () => {
    const { stdout: markdown } = await adviseOn(EVIL, ['--format', 'markdown']);
    expect(markdown).not.toMatch(/<script|<img|<b>|\u001b|\]\(|@you/);
    for (const row of markdown.split('\n').filter((line) => line.includes('| team |')))
      expect(row.split('|')).toHaveLength(7);
    const { stdout: table } = await adviseOn(EVIL);
    expect(table).not.toMatch(/\u001b|\u202e/);
    expect(table).toContain('\\x1b[31m red');
  });

  it('draws charts of the extremes', async () => {
    for (const text of [
      'use_case: { latency_requirement: batch, revenue_impact_per_minute_delay: 1e15 }\nvolume: { events_per_day: 0 }\nrates: { hourly: 0 }\nbaseline_monthly_compute: 0\n',
      `${USE_CASE}rates: { hourly: 0 }\nbaseline_monthly_compute: 0\n`,
      `${USE_CASE}approaches: [real_time]\nbaseline_monthly_compute: 1e15\n`,
      `${USE_CASE}figures: { batch_simple: { monthly_compute: 1e6, development_days: 1e6 } }\n`,
    ])
      for (const format of ['html', 'markdown', 'table', 'json']) {
        const { code, stdout } = await adviseOn(text, ['--format', format]);
        expect(code).toBe(0);
        expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
      }
  });
});

/** Answers the questions of a terminal, each when it was asked; `null`: the input ends. */
async function converse(answers: readonly (string | null)[], args: readonly string[] = []): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...answers];
  const code = await runCli(
    ['advise', ...args],
    {
      stdout: { write: (text) => (stdout += text) },
      stderr: {
        isTTY: true,
        columns: 100,
        write: (text) => {
          stderr += text;
          if (!/: $/.test(text)) return;
          const next = left.shift();
          if (next === undefined || next === null) stdin.end();
          else stdin.write(`${next}\n`);
        },
      },
      stdin,
      env: {},
      cwd: folder,
      clock: { now: () => new Date('2026-03-04T05:06:07.000Z'), sleep: () => Promise.resolve() },
      user: 'ada',
      signal: new AbortController().signal,
      hardStop: new AbortController().signal,
    },
    { ...useCases },
  );
  return { code, stdout, stderr };
}

/** Answers by the paths of FILE; the others are empty. */
function answersOf(given: Readonly<Record<string, string>>): string[] {
  return adviceSteps(null).map(({ at }) => given[at.join('.')] ?? '');
}

describe('the dialogue', () => {
  const GIVEN = {
    'use_case.name': 'orders',
    'use_case.latency_requirement': 'near_real_time',
    'use_case.consumer': 'human',
    'use_case.events_per_second': '1,200',
    'use_case.requires_ordering': 'y',
    'use_case.revenue_impact_per_minute_delay': '12.50',
    'answers.decision': 'Which lorry is loaded next; costs ${X}',
  };

  it('asks in turn, keeps the answers in the report, and in a file that gives the same advice again', async () => {
    const { code, stdout, stderr } = await converse([...answersOf(GIVEN), 'kept.yaml'], ['--format', 'json']);
    expect([code, stderr.includes('Kept. Again: cutover advise kept.yaml')]).toEqual([0, true]);
    const advice = JSON.parse(stdout) as Advice;
    expect(advice.requirement).toMatchObject({ stated: 'near_real_time', recommended: 'micro_batch' });
    expect(advice.volume.events_per_second).toBe(1200);
    expect(advice.requirement.answers[0]?.answer).toBe('Which lorry is loaded next; costs ${X}');
    expect(advice.requirement.answers[1]?.answer).toBeNull();
    const again = await cli(['advise', 'kept.yaml', '--format', 'json'], REAL, { cwd: folder });
    expect(again.stdout).toBe(stdout);
  });

  it('asks again until an answer is possible', async () => {
    const steps = adviceSteps(null);
    const answers = steps.flatMap(({ at }) => {
      const path = at.join('.');
      if (path === 'use_case.latency_requirement') return ['', 'realtime', '5m'];
      if (path === 'use_case.events_per_second') return ['many', '-3', '3'];
      if (path === 'use_case.requires_ordering') return ['maybe', 'no'];
      if (path === 'break_even.batch') return ['micro_batch'];
      if (path === 'break_even.streaming') return ['micro_batch', 'real_time'];
      return [''];
    });
    const { code, stdout, stderr } = await converse([...answers, ''], ['--format', 'json']);
    expect(code).toBe(0);
    for (const problem of [
      'is needed',
      'did you mean "real_time"?',
      'must be a number, not "many"',
      'must be at least 0, not -3',
      'must be true or false, not "maybe"',
      'is the same approach as batch',
    ])
      expect(stderr).toContain(problem);
    expect(JSON.parse(stdout)).toMatchObject({
      requirement: { stated_as: '5m' },
      break_even: { batch: 'micro_batch', streaming: 'real_time' },
    });
  });

  it('does not overwrite a file unasked, nor give up when one cannot be written', async () => {
    writeFileSync(join(folder, 'mine.yaml'), 'mine');
    const { code, stderr } = await converse([
      ...answersOf({ 'use_case.latency_requirement': 'batch' }),
      'mine.yaml',
      '',
      'no/such/folder.yaml',
      '',
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain('mine.yaml exists. Overwrite it? (y/n) [n]: ');
    expect(stderr).toContain('cannot write');
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('mine');
  });

  it('that ends too early gives no advice; after the report it only keeps nothing', async () => {
    const early = await converse(['orders', null]);
    expect([early.code, early.stdout]).toEqual([2, '']);
    expect(early.stderr).toContain('error[INTERRUPTED]');
    const late = await converse([...answersOf({ 'use_case.latency_requirement': 'batch' }), null]);
    expect([late.code, late.stdout.startsWith('Advice on unnamed use case')]).toEqual([0, true]);
  });

  const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
  it.skipIf(script.error !== undefined || !script.stdout.includes('util-linux'))(
    'runs at a real terminal',
    async () => {
      const child = spawn('script', ['-qefc', `"${process.execPath}" "${BIN}" advise`, '/dev/null'], {
        cwd: folder,
        env: { ...process.env, TERM: 'dumb' },
      });
      let output = '';
      const left = [...answersOf(GIVEN), ''];
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        // A line is echoed by the terminal behind its question.
        if (/: $/.test(output)) child.stdin.write(`${left.shift() ?? ''}\n`);
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(output).toContain('How late may the data be');
      expect(output).toMatch(/Recommended: micro_batch \(1-15 min\) instead of near_real_time/);
      expect(code).toBe(0);
    },
  );
});
