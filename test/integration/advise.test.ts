import { describe, expect, it } from 'vitest';
import { adviseOn, measurePipeline } from '../../src/app/advise.js';
import type { Advice } from '../../src/model/advice.js';
import {
  BATCH_SQL,
  events,
  failure,
  HandClock,
  MINUTE,
  SCHEMA,
  testProjects,
  totals,
  type TestProject,
} from './project.js';

const newProject = testProjects();
const HOUR = 60 * MINUTE;

/** A project whose events have a time of their own. */
function timed(clock: HandClock, pipelines = totals()): TestProject {
  return newProject(
    {
      log: { path: 'data/*.ndjson', schema: { ...SCHEMA, at: 'timestamptz' }, event_time: 'at' },
      ingest: { max_events: 100 },
      pipelines,
    },
    clock,
  );
}

/** Five runs, seven hours apart; each finds an event of every seven minutes since the one before: 300 in all. */
async function lived(): Promise<TestProject> {
  const clock = new HandClock();
  const project = timed(clock);
  for (let run = 0; run < 5; run += 1) {
    clock.advance(7 * HOUR);
    const now = clock.now().getTime();
    const rows = events(60, run * 60).map((event, index) => ({
      ...event,
      at: new Date(now - (59 - index) * 7 * MINUTE).toISOString(),
    }));
    project.append('a.ndjson', rows);
    expect((await project.run()).verdict).toBe('pass');
  }
  return project;
}

function sources(advice: Advice): Map<string, readonly [value: number | string, source: string]> {
  return new Map(advice.assumptions.map((one) => [one.name, [one.value, one.source]]));
}

describe('advice from what was measured', () => {
  it('takes volume, peak, lag, and the batch side from the store; what the file states goes before it', async () => {
    const project = await lived();
    const { measured } = await measurePipeline(project.context(), 'totals');
    const figures = new Map(measured.figures.map(({ name, value }) => [name, value]));
    // 299 intervals of 7 minutes: 1,440 / 7 a day.
    expect(figures.get('volume.events_per_day')).toBe(206);
    // Nine in the busiest hour, 60 / 7 in the mean.
    expect(figures.get('use_case.peak_multiplier')).toBe(1.05);
    // Of the newest day of arrivals: four runs, in each 0, 7, ... 413 minutes. 95%: between the 228th and 229th of 240, 392 + 0.05 x 7.
    expect(figures.get('break_even.streaming_latency_minutes')).toBeCloseTo(392.35, 0);
    expect(figures.get('batch_job_minutes')).toBeLessThan(1);
    expect(figures.get('break_even.batch_latency_minutes')).toBeCloseTo(420, 0);
    expect(figures.get('break_even.runs_per_month')).toBe(103); // 43,200 / 420
    expect(measured.missing).toEqual([]);

    const file = project.file(
      'use-case.yaml',
      'use_case: { latency_requirement: near_real_time, peak_multiplier: 4 }\nbreak_even: { runs_per_month: 100, revenue_per_minute: 3 }\n',
    );
    const advice = await adviseOn(project.context(), { file, cwd: project.root }, 'totals');
    const from = sources(advice);
    expect(from.get('volume.events_per_day')).toEqual([206, 'measured']);
    expect(from.get('use_case.peak_multiplier')).toEqual([4, 'stated']);
    expect(from.get('break_even.runs_per_month')).toEqual([100, 'stated']);
    expect(from.get('break_even.batch_latency_minutes')?.[1]).toBe('measured');
    expect(from.get('rates.hourly')).toEqual([150, 'default']);
    expect(advice.break_even.minutes_saved).toBeCloseTo(27.65, 0);
    expect(advice.measured).toMatchObject({ pipeline: 'totals' });
  });

  it('without a file takes what the batch job gives today for what is required', async () => {
    const advice = await adviseOn((await lived()).context(), null, 'totals');
    expect(advice).toMatchObject({ name: 'totals', requirement: { stated: 'batch' } });
    expect(advice.use_case.latency_justification).toBe('what the batch job gives today');
  });

  it('takes comparisons that were asked for one after the other for no schedule', async () => {
    const clock = new HandClock();
    const project = timed(clock);
    for (let run = 0; run < 5; run += 1) {
      clock.advance(13_000);
      project.append(
        'a.ndjson',
        events(10, run * 10).map((event) => ({ ...event, at: clock.now().toISOString() })),
      );
      await project.run();
    }
    const { measured } = await measurePipeline(project.context(), 'totals');
    expect(measured.figures.map(({ name }) => name)).not.toContain('break_even.runs_per_month');
    expect(measured.missing).toContainEqual({
      name: 'break_even.runs_per_month',
      reason: expect.stringMatching(
        /^comparisons came every 13s, the batch job's schedule is every 15m: they were asked for$/,
      ),
    });
  });

  it('says of what there is too little, and extrapolates nothing', async () => {
    const clock = new HandClock();
    const project = timed(clock);
    const rows = events(60).map((event, index) => ({
      ...event,
      at: new Date(clock.now().getTime() - index * MINUTE).toISOString(),
    }));
    project.ndjson('a.ndjson', rows);
    await project.run();
    const { measured } = await measurePipeline(project.context(), 'totals');
    expect(measured.figures).toEqual([]);
    expect(measured.missing.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      'volume.events_per_day: 60 events that happened within 59m: at least 1d is needed',
      'use_case.peak_multiplier: 60 events that happened within 59m: at least 1d is needed',
      expect.stringMatching(
        /^break_even\.streaming_latency_minutes: 60 events .*: at least 100 events within at least 1h are needed$/,
      ),
      'batch_job_minutes: 1 run of the batch job: at least 3 are needed',
      'break_even.batch_latency_minutes: 1 comparison: at least 4 are needed',
      'break_even.runs_per_month: 1 comparison: at least 4 are needed',
    ]);
    // The schedule of the batch job is known all the same: 15 minutes.
    const advice = await adviseOn(project.context(), null, 'totals');
    expect(advice.requirement.stated).toBe('micro_batch');
    expect(sources(advice).get('volume.events_per_day')).toEqual([1_000_000, 'default']);
  });

  it('does not take history that was read at once for a live feed, but counts its events by their own time', async () => {
    const clock = new HandClock();
    const project = timed(clock);
    for (let run = 0; run < 3; run += 1) {
      const rows = events(100, run * 100).map((event, index) => ({
        ...event,
        at: new Date(Date.UTC(2001, 0, 1) + (run * 100 + index) * 30 * MINUTE).toISOString(),
      }));
      project.append('a.ndjson', rows);
      await project.run();
      clock.advance(HOUR);
    }
    const { measured } = await measurePipeline(project.context(), 'totals');
    expect(measured.figures.find(({ name }) => name === 'volume.events_per_day')?.value).toBe(48);
    expect(measured.missing.find(({ name }) => name === 'break_even.streaming_latency_minutes')?.reason).toMatch(
      /history being read/,
    );
  });

  it('before anything has landed, or without times of events, says so', async () => {
    const empty = timed(new HandClock());
    const { measured } = await measurePipeline(empty.context(), 'totals');
    expect(measured.figures).toEqual([]);
    expect(measured.missing[0]).toEqual({ name: 'volume.events_per_day', reason: 'no events have landed' });

    const clock = new HandClock();
    const untimed = newProject({ pipelines: totals() }, clock);
    untimed.ndjson('a.ndjson', events(80));
    await untimed.run();
    clock.advance(30 * HOUR);
    untimed.append('a.ndjson', events(80, 80));
    await untimed.run();
    const other = (await measurePipeline(untimed.context(), 'totals')).measured;
    expect(other.figures.find(({ name }) => name === 'volume.events_per_day')).toMatchObject({
      value: 127, // 159 within 30 hours
      detail: expect.stringContaining('arrived within'),
    });
    expect(other.missing.map(({ reason }) => reason)).toContain('events have no time of their own (log.event_time)');
  });

  it('refuses a pipeline that there is not, and a file that is wrong before it opens the store', async () => {
    const project = timed(new HandClock());
    expect((await failure(adviseOn(project.context(), null, 'nothing'))).code).toBe('PIPELINE_UNKNOWN');
    const file = project.file('wrong.yaml', 'use_case: {}\n');
    const broken = { ...project.context(), configFile: '/does/not/exist.yaml' };
    expect((await failure(adviseOn(broken, { file, cwd: '/' }, 'totals'))).code).toBe('ADVICE_INVALID');
  });

  it('needs a schedule that tells, where nothing was measured', async () => {
    const project = timed(new HandClock(), totals({ batch: { sql: BATCH_SQL, cron: '0 3 * * *' } }));
    const error = await failure(adviseOn(project.context(), null, 'totals'));
    expect(error.code).toBe('USAGE');
    expect(error.remedy).toContain('use_case.latency_requirement');
  });
});
