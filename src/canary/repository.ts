import type { AuditEntry, CanaryState } from '../model/canary.js';
import { CutoverError } from '../model/errors.js';
import type { SqlSession } from '../store/contract.js';
import { SERVED } from '../store/state/lock-names.js';
import { isConflict } from './conflict.js';
import { decodeAudit, decodeState } from './state.js';

export interface StateChange {
  /** The version the change was decided on; 0: the pipeline has no row yet. */
  readonly expectedVersion: number;
  readonly next: CanaryState;
  readonly audit: AuditEntry;
  /** In the same transaction: the served view's replacement. */
  readonly follow: (session: SqlSession) => Promise<void>;
}

/** `conflict`: somebody else changed the state, or is doing so; nothing was written. `current`: the state as it is committed now. */
export type ApplyResult =
  { readonly kind: 'applied' } | { readonly kind: 'conflict'; readonly current: CanaryState | null };

/** The stored state; null where the canary was never touched. Errors: STORE_UNREADABLE. */
export async function loadCanary(session: SqlSession, pipeline: string): Promise<CanaryState | null> {
  const [row] = await session.query('SELECT state_json FROM cutover.canary WHERE pipeline = $1', [pipeline]);
  return row === undefined ? null : decodeState(String(row['state_json']));
}

/**
 * In a transaction that makes the served view anew: keeps others from changing the canary until its end, and fails as a conflict where one was changed since
 * the transaction's snapshot. The view would follow the state of then.
 */
export async function holdCanary(session: SqlSession, pipeline: string): Promise<void> {
  await session.run('UPDATE cutover.canary SET version = version WHERE pipeline = $1', [pipeline]);
}

/**
 * Every change of a pipeline's canary, newest first.
 *
 * @param limit undefined: all
 */
export async function canaryHistory(session: SqlSession, pipeline: string, limit?: number): Promise<AuditEntry[]> {
  const capped = limit === undefined ? '' : ` LIMIT ${Math.max(0, Math.trunc(limit))}`;
  const rows = await session.query(
    `SELECT entry_json FROM cutover.audit WHERE pipeline = $1 ORDER BY version DESC${capped}`,
    [pipeline],
  );
  return rows.map((row) => decodeAudit(String(row['entry_json'])));
}

/**
 * Compare-and-set: writes the new state, its audit row and the served view in ONE transaction, or nothing.
 * The session must not be in a transaction.
 */
export async function applyChange(session: SqlSession, change: StateChange): Promise<ApplyResult> {
  checkVersions(change);
  try {
    await session.transaction(async () => {
      await session.lock(SERVED);
      if (!(await compareAndSet(session, change))) throw new Outdated();
      const { audit } = change;
      await session.run(
        'INSERT INTO cutover.audit (pipeline, version, acted_at, entry_json) VALUES ($1, $2, CAST($3 AS TIMESTAMPTZ), $4)',
        [audit.pipeline, audit.version, audit.at, JSON.stringify(audit)],
      );
      await change.follow(session);
    }, 'current');
  } catch (error) {
    if (!(error instanceof Outdated) && !isConflict(error)) throw error;
    return { kind: 'conflict', current: await loadCanary(session, change.next.pipeline) };
  }
  return { kind: 'applied' };
}

/** Carries "the version is another one" out of the transaction, so that it rolls back. */
class Outdated extends Error {}

async function compareAndSet(session: SqlSession, { expectedVersion, next }: StateChange): Promise<boolean> {
  const json = JSON.stringify(next);
  const changed =
    expectedVersion === 0
      ? await session.run(
          'INSERT INTO cutover.canary (pipeline, version, state_json) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
          [next.pipeline, next.version, json],
        )
      : await session.run(
          'UPDATE cutover.canary SET version = $1, state_json = $2 WHERE pipeline = $3 AND version = $4',
          [next.version, json, next.pipeline, expectedVersion],
        );
  return changed === 1;
}

function checkVersions({ expectedVersion, next, audit }: StateChange): void {
  if (next.version !== expectedVersion + 1 || audit.version !== next.version || audit.pipeline !== next.pipeline) {
    throw new CutoverError(
      'INTERNAL',
      `a canary change from version ${expectedVersion} to ${next.version} was audited as ${audit.version}`,
      'Please report this.',
    );
  }
}
