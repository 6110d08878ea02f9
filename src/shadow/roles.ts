import { CutoverError } from '../model/errors.js';
import type { Candidate } from '../store/contract.js';
import type { ShadowEnvironment } from './environment.js';
import { untilElected } from './turns.js';

/** How long a drain waits for another process that reads the log to end: one that was just killed is still known to the server for a moment. */
const PATIENCE_MS = 10_000;

/** What only one of the processes that share a store does. */
export interface Roles {
  /** Reads the log; null: each process its own partitions. Stands with the ingest's session. */
  readonly ingest: Candidate | null;
  /** Runs the cycles by their schedules. Stands with the cycles' session. */
  readonly cycles: Candidate;
}

/** Keeps the roles that this process holds until the signal aborts, also while their sessions are busy. */
export async function keepRoles(env: ShadowEnvironment, roles: Roles | null, signal: AbortSignal): Promise<void> {
  if (roles === null) return;
  while (!signal.aborted) {
    await roles.ingest?.renew();
    await roles.cycles.renew();
    await env.clock.sleep(roles.cycles.renewEvery, signal);
  }
}

/** Waits until this process has a role. Returns false when it is to stop instead. */
export async function standBy(
  env: ShadowEnvironment,
  role: Candidate,
  what: string,
  signal: AbortSignal,
): Promise<boolean> {
  let waited = false;
  const elected = await untilElected(role, signal, (holder) => {
    waited = true;
    env.logger.info({ role: what, holder }, `standing by: another process (${holder}) ${what}`);
  });
  if (elected && waited) env.logger.info({ role: what }, `taking over: this process ${what} from now on`);
  return elected;
}

/** Takes the role of reading the log; waits a moment for who has it. Returns false when it is to stop instead. Errors: STORE_IN_USE. */
export async function takeOrRefuse(env: ShadowEnvironment, role: Candidate, signal: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const over = new AbortController();
  void env.clock.sleep(PATIENCE_MS, done.signal).then(() => over.abort());
  const elected = await untilElected(role, AbortSignal.any([signal, over.signal]), (holder) => {
    env.logger.info({ holder }, `waiting for another process (${holder}) that reads the log into this store`);
  });
  done.abort();
  if (elected || signal.aborted) return elected;
  throw new CutoverError(
    'STORE_IN_USE',
    `another process (${await role.holder()}) reads the log into this store`,
    'Let that `cutover run` do it and ask `cutover compare` or `cutover gate`, or stop it first.',
  );
}
