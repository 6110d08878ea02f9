import { existsSync } from 'node:fs';
import { GenericContainer, Wait } from 'testcontainers';
import type { TestProject } from 'vitest/node';
import { localKafkaProblem, startLocalKafka } from './kafka.js';
import { localPostgresProblem, startLocalPostgres } from './postgres.js';

/** What a test file gets by `inject`: where the servers of this run are, or why there is none. */
declare module 'vitest' {
  interface ProvidedContext {
    postgres: { readonly url: string | null; readonly problem: string | null };
    kafka: { readonly brokers: readonly string[] | null; readonly problem: string | null };
  }
}

type Stop = () => Promise<unknown>;

/** An engine that may answer; asking one that is not there takes long. */
function docker(): boolean {
  return process.env['DOCKER_HOST'] !== undefined || existsSync('/var/run/docker.sock');
}

async function postgres(project: TestProject): Promise<Stop> {
  const provide = (url: string | null, problem: string | null): void => {
    project.provide('postgres', { url, problem });
  };
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') {
    provide(given, null);
    return () => Promise.resolve();
  }
  const problem = await localPostgresProblem();
  if (docker()) {
    const container = await new GenericContainer('postgres:17')
      .withEnvironment({ POSTGRES_PASSWORD: 'secret' })
      .withExposedPorts(5432)
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .start()
      .catch(() => undefined);
    if (container !== undefined) {
      provide(`postgres://postgres:secret@${container.getHost()}:${container.getMappedPort(5432)}/postgres`, null);
      return () => container.stop();
    }
  }
  if (problem !== null) {
    provide(null, problem);
    return () => Promise.resolve();
  }
  const server = await startLocalPostgres();
  provide(server.url, null);
  return () => server.stop();
}

/** No container: a broker in one needs to know the address at which tests reach it before it starts, and the local one is the same Kafka. */
async function kafka(project: TestProject): Promise<Stop> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') {
    project.provide('kafka', { brokers: given.split(','), problem: null });
    return () => Promise.resolve();
  }
  const problem = await localKafkaProblem();
  if (problem !== null) {
    project.provide('kafka', { brokers: null, problem });
    return () => Promise.resolve();
  }
  const broker = await startLocalKafka();
  project.provide('kafka', { brokers: broker.brokers, problem: null });
  return () => broker.stop();
}

/** Servers for all test files of a run; those that kill theirs start their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops = await Promise.all([postgres(project), kafka(project)]);
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}
