import { describe, expect, inject, it } from 'vitest';
import pg from 'pg';
import { demo, type DemoOptions } from '../../src/app/demo.js';
import { systemClock } from '../../src/cli/clock.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import { failure } from '../integration/project.js';
import { loudly } from '../parts/require.js';
import { withAdmin } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const { url, problem: noStore } = inject('postgres');
const brokers = given ?? [];

const options = (env: NodeJS.ProcessEnv, out: (text: string) => void): DemoOptions => ({
  kafka: true,
  keep: false,
  out,
  clock: systemClock,
  logger: silentLogger,
  progress: silentProgress,
  env,
  signal: new AbortController().signal,
  color: false,
  width: 120,
});

/** Topics and databases that a demo made. */
async function left(): Promise<string[]> {
  const client = new pg.Client({ connectionString: url ?? '' });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname LIKE 'cutover\\_demo\\_%'`,
    );
    const topics = await withAdmin(brokers, (admin) => admin.listTopics());
    return [...rows.map(({ datname }) => datname), ...topics.filter((topic) => topic.startsWith('cutover_demo_'))];
  } finally {
    await client.end();
  }
}

describe.skipIf(loudly('the demo on Kafka and PostgreSQL', problem ?? noStore))('demo --kafka', () => {
  it('goes the whole journey, and leaves nothing behind', async () => {
    const before = await left();
    const said: string[] = [];
    const env = { KAFKA_BROKERS: brokers.join(','), DATABASE_URL: url ?? '' };
    expect(await demo(options(env, (text) => said.push(text)))).toEqual({ verdict: 'pass' });
    const story = said.join('');
    expect(story).toMatch(/topic cutover_demo_[0-9a-f]{8} \(4 partitions\) at .*; both are removed at the end/);
    expect(story).toContain('automatic rollback by');
    expect(story).toContain('COMPLETE daily_delays: 100% of the keys read the stream');
    expect(await left()).toEqual(before);
  }, 240_000);

  it('says how to get a broker and a server when it is told of none', async () => {
    for (const env of [{}, { KAFKA_BROKERS: 'x:1' }, { KAFKA_BROKERS: 'x:1', DATABASE_URL: 'no url' }]) {
      const error = await failure(demo(options(env, () => undefined)));
      expect([error.code, error.remedy]).toEqual(['USAGE', expect.stringContaining('npm run demo:kafka')]);
    }
  });

  it('leaves no database behind where the broker cannot be reached', async () => {
    const before = await left();
    const error = await failure(
      demo(options({ KAFKA_BROKERS: '127.0.0.1:1', DATABASE_URL: url ?? '' }, () => undefined)),
    );
    expect(error.code).toBe('LOG_UNREACHABLE');
    expect(await left()).toEqual(before);
  });
});
