import { afterEach, describe, expect, inject, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { listQuarantine, retryQuarantine } from '../../src/app/quarantine.js';
import { rebuild } from '../../src/app/rebuild.js';
import { systemClock } from '../../src/cli/clock.js';
import type { QuarantineResult } from '../../src/model/results.js';
import { events, expectedTotals, failure, only, TestProject, totals } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { createTopic, deleteBefore, send } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const { url, problem: noStore } = inject('postgres');
const brokers = given ?? [];

/** Every fifth amount does not fit decimal(4,2). */
const ALL = events(60).map((event) => (event.id % 5 === 0 ? { ...event, amount: '1234.25' } : event));

const messages = (rows: typeof ALL): { key: string; value: string; headers: { source: string }; timestamp: string }[] =>
  rows.map((event) => ({
    key: `key ${event.id}`,
    value: JSON.stringify(event),
    headers: { source: `h${event.id}` },
    timestamp: String(1_700_000_000_000 + event.id),
  }));

describe.skipIf(loudly('the product on Kafka and PostgreSQL', problem ?? noStore))('on Kafka and PostgreSQL', () => {
  const projects: TestProject[] = [];
  afterEach(() => {
    for (const project of projects.splice(0)) project.remove();
  });

  interface Made {
    readonly topic: string;
    readonly one: TestProject;
    configure: (amount: string, parts?: Readonly<Record<string, object>>, landing?: object) => void;
  }

  async function project(): Promise<Made> {
    const topic = await createTopic(brokers, 1);
    const one = new TestProject({ pipelines: totals() }, systemClock, await createDatabase(url ?? ''));
    projects.push(one);
    const configure: Made['configure'] = (amount, parts = {}, landing = {}) => {
      one.configure({
        ingest: { max_events: 10, max_wait: '5ms', max_quarantined: 100 },
        landing,
        log: {
          kind: 'kafka',
          brokers,
          topics: [topic],
          group: topic,
          session_timeout: '6s',
          on_data_loss: 'mark',
          schema: { id: 'bigint', k: 'text', day: 'date', amount },
        },
        pipelines: totals(parts),
      });
    };
    configure('decimal(4,2)');
    return { topic, one, configure };
  }

  const retry = (one: TestProject): Promise<QuarantineResult> => retryQuarantine(one.context(), 'all', { limit: 100 });

  it('poison records wait in quarantine, and land with all that Kafka has of them once they fit', async () => {
    const { topic, one, configure } = await project();
    await send(brokers, topic, [...messages(ALL), { key: 'bad', value: 'no JSON' }]);
    expect(await one.run()).toMatchObject({ events: 61, quarantined: 13 });
    const listed = await listQuarantine(one.context(), { limit: 100 });
    expect(listed.quarantined).toBe(13);
    expect(listed.records.filter(({ offset }) => offset === 60)).toMatchObject([
      { partition: `${topic}/0`, offset: 60, reason: 'not valid JSON', raw: 'no JSON' },
    ]);
    expect(await retry(one)).toMatchObject({ tried: 13, landed: 0, quarantined: 13 });
    configure('decimal(18,2)');
    expect(await retry(one)).toMatchObject({ tried: 13, landed: 12, quarantined: 1 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(
      await one.query(
        'SELECT _topic, _key, _headers, CAST(extract(epoch FROM _timestamp) * 1000 AS BIGINT) AS at FROM cutover.landing WHERE id = 5',
      ),
    ).toEqual([{ _topic: topic, _key: 'key 5', _headers: '{"source":"h5"}', at: '1700000000005' }]);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', quarantined: 1, matched: 10 });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    const count = 'SELECT count(*) AS n, count(DISTINCT (_partition, _offset)) AS d FROM cutover.landing';
    expect(await one.query(count)).toEqual([{ n: '60', d: '60' }]);
  });

  it('a key, value or column with U+0000, which PostgreSQL cannot hold, waits there and stops nothing', async () => {
    const { topic, one, configure } = await project();
    const [good] = messages(events(1));
    const nul = String.fromCharCode(0);
    await send(brokers, topic, [
      { key: 'a', value: good?.value ?? '' },
      { key: `a${nul}b`, value: good?.value ?? '' },
      { key: 'b', value: '{"id":2,"k":"a\\u0000b"}' },
      { key: 'c', value: `x${nul}` },
      { key: 'd', value: good?.value ?? '', headers: { h: nul } },
    ]);
    expect(await one.run()).toMatchObject({
      events: 5,
      quarantined: 3,
      comparisons: [{ verdict: 'pass', matched: 1 }],
    });
    const found = async (): Promise<unknown> =>
      [...(await listQuarantine(one.context(), { limit: 100 })).records]
        .sort((a, b) => a.offset - b.offset)
        .map(({ offset, reason, raw }) => [offset, reason, raw]);
    const reason = 'holds the character U+0000, which the store cannot hold';
    const expected = [
      [1, `column "_key": ${reason}`, good?.value],
      [2, `column "k": ${reason}`, '{"id":2,"k":"a\\u0000b"}'],
      [3, `not valid JSON; column "_value": ${reason}`, 'x\\u0000'],
    ];
    expect(await found()).toEqual(expected);
    configure('decimal(18,2)');
    expect(await retry(one)).toMatchObject({ tried: 3, landed: 0 });
    expect(await found()).toEqual(expected);
  });

  it('what Kafka no longer has stays in quarantine and says so; the mark of a loss stays what it is', async () => {
    const { topic, one, configure } = await project();
    await send(brokers, topic, messages(ALL.slice(0, 20)));
    expect(await one.run()).toMatchObject({ quarantined: 4 });
    await send(brokers, topic, messages(ALL.slice(20)));
    await deleteBefore(brokers, topic, 30);
    expect(await one.run()).toMatchObject({ events: 31, quarantined: 7 });
    configure('decimal(18,2)');
    expect(await retry(one)).toMatchObject({ tried: 11, landed: 6, quarantined: 5 });
    const { records } = await listQuarantine(one.context(), { limit: 100 });
    const reasons = [...records].sort((a, b) => a.offset - b.offset).map(({ offset, reason }) => [offset, reason]);
    expect(reasons).toEqual([
      ...[0, 5, 10, 15].map((offset) => [
        offset,
        `column "amount": '1234.25' does not fit decimal(4,2); the record is no longer in Kafka`,
      ]),
      [20, 'offsets 20 to 29 were deleted from the topic before they were read'],
    ]);
    expect(await one.side('stream')).toEqual(
      expectedTotals([...ALL.slice(0, 20).filter(({ id }) => id % 5 !== 0), ...ALL.slice(30)]),
    );
  });

  it('a rebuild past the pruned landing reads Kafka again, and is refused when Kafka forgot it too', async () => {
    const { topic, one, configure } = await project();
    const migrated = { canary: { steps: [100], dwell: { cycles: 0 } } };
    configure('decimal(18,2)', migrated, { keep: '1ms' });
    await send(brokers, topic, messages(ALL));
    await one.run();
    for (const action of ['start', 'complete'] as const) {
      expect(await canaryAction(one.context(), 'totals', action, {})).toMatchObject({ applied: true });
      await send(brokers, topic, messages(events(10, 100 + (action === 'start' ? 0 : 10))));
      await one.run();
    }
    const [pruned] = await one.query('SELECT first, below, events FROM cutover.pruned');
    expect(pruned).toMatchObject({ first: '0' });
    expect(Number(pruned?.['events'])).toBeGreaterThanOrEqual(60);
    const before = await one.side('stream');
    expect(before).toEqual(expectedTotals([...ALL, ...events(20, 100)]));
    expect(await rebuild(one.context(), 'totals')).toMatchObject({ events: 80 });
    expect(await one.side('stream')).toEqual(before);
    await deleteBefore(brokers, topic, 3);
    expect(await failure(rebuild(one.context(), 'totals'))).toMatchObject({ code: 'LOG_RANGE_GONE' });
    expect(await one.side('stream')).toEqual(before);
  });
});
