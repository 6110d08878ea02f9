import { afterEach, describe, expect, inject, it } from 'vitest';
import { doctor } from '../../src/app/doctor.js';
import { systemClock } from '../../src/cli/clock.js';
import { events, TestProject, totals } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { LogReader } from './open-log.js';
import { createTopic, send, withProducer } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const { url, problem: noStore } = inject('postgres');
const brokers = given ?? [];

describe.skipIf(loudly('the lag behind Kafka', problem ?? noStore))('how far the store is behind Kafka', () => {
  const projects: TestProject[] = [];
  afterEach(() => {
    for (const project of projects.splice(0)) project.remove();
  });

  it('is known to who reads it, and can be asked for by who does not', async () => {
    const topic = await createTopic(brokers, 2);
    const produce = (count: number): Promise<unknown> =>
      withProducer(brokers, (producer) =>
        producer.send({ topic, messages: Array.from({ length: count }, () => ({ value: 'v', partition: 0 })) }),
      );
    await produce(10);
    const reader = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      expect(reader.log.progress?.()).toEqual([]);
      await reader.until(() => reader.events.length === 10);
      const known = (): Parameters<NonNullable<typeof reader.log.measure>>[0] => [...reader.claims.states.values()];
      await reader.until(() => reader.log.progress?.().every(({ committed, end }) => committed === end) === true);
      const names = [`${topic}/0`, `${topic}/1`];
      expect(
        reader.log
          .progress?.()
          .map(({ name, committed, end }) => [name, committed, end])
          .sort(),
      ).toEqual([
        [names[0], 10, 10],
        [names[1], 0, 0],
      ]);
      for (const { idle } of reader.log.progress?.() ?? []) expect(idle).toBeGreaterThanOrEqual(0);
      await produce(5);
      expect(await reader.log.measure?.(known())).toEqual([
        { name: names[0], committed: 10, end: 15, idle: null },
        { name: names[1], committed: 0, end: 0, idle: null },
      ]);
    } finally {
      await reader.close();
    }
  });

  it('is shown by doctor, with the newest event time of each partition', async () => {
    const topic = await createTopic(brokers, 1);
    const one = new TestProject({ pipelines: totals() }, systemClock, await createDatabase(url ?? ''));
    projects.push(one);
    const log = {
      kind: 'kafka',
      brokers,
      topics: [topic],
      group: topic,
      session_timeout: '6s',
      event_time: 'day',
      schema: { id: 'bigint', k: 'text', day: 'date', amount: 'decimal(18,2)' },
    };
    one.configure({ ingest: { max_events: 100, max_wait: '5ms' }, log, pipelines: totals() });
    const rows = (from: number): { value: string }[] =>
      events(20, from).map((event) => ({ value: JSON.stringify(event) }));
    await send(brokers, topic, rows(0));
    await one.run();
    await send(brokers, topic, rows(20));
    const checks = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await doctor(one.context())).checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`]),
      );
    expect(await checks()).toMatchObject({
      kafka: expect.stringMatching(/^ok: reached at /) as string,
      topics: `ok: ${topic}: 1 partitions`,
      lag: `ok: ${topic}: 20 offsets, most in ${topic}/0: 20`,
      'event time': `ok: newest of the last micro-batch: ${topic}/0: 2026-01-04 00:00:00+00`,
    });
    await one.run();
    expect(await checks()).toMatchObject({ lag: `ok: ${topic}: 0 offsets` });
    one.configure({ log: { ...log, brokers: ['127.0.0.1:1'] }, pipelines: totals() });
    expect(await checks()).toMatchObject({ log: expect.stringMatching(/^fail: LOG_UNREACHABLE/) as string });
  });
});
