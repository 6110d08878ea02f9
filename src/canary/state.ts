import { STAGES, type AuditEntry, type CanaryAction, type CanaryState, type Stage } from '../model/canary.js';
import { CutoverError } from '../model/errors.js';

export const ACTIONS: readonly CanaryAction[] = [
  'start',
  'advance',
  'hold',
  'resume',
  'rollback',
  'approve',
  'complete',
];

/**
 * The state of a pipeline whose canary was never touched: everybody reads batch. Version 0 is never stored.
 *
 * @param at ISO 8601
 */
export function initialState(pipeline: string, salt: string, at: string): CanaryState {
  return {
    pipeline,
    version: 0,
    stage: 'shadow',
    step: -1,
    share_ppm: 0,
    plan_hash: null,
    salt,
    approvals: [],
    held_from: null,
    entered_comparison: null,
    entered_at: at,
    reason: null,
  };
}

/** Reads a stored state. Errors: STORE_UNREADABLE when it is not one: guessing would move readers. */
export function decodeState(json: string): CanaryState {
  const value = objectOf(json, 'canary state');
  const heldFrom = value['held_from'];
  if (heldFrom !== null && heldFrom !== 'canary' && heldFrom !== 'cutover')
    throw unreadable('canary state', 'held_from');
  const approvals = value['approvals'];
  if (!Array.isArray(approvals)) throw unreadable('canary state', 'approvals');
  return {
    pipeline: text(value, 'pipeline'),
    version: whole(value, 'version'),
    stage: oneOf(value, 'stage', STAGES),
    step: whole(value, 'step'),
    share_ppm: whole(value, 'share_ppm'),
    plan_hash: textOrNull(value, 'plan_hash'),
    salt: text(value, 'salt'),
    approvals: approvals.map((approval: unknown) => {
      if (!isObject(approval) || typeof approval['step'] !== 'number') throw unreadable('canary state', 'approvals');
      return { step: approval['step'], by: text(approval, 'by'), at: text(approval, 'at') };
    }),
    held_from: heldFrom,
    entered_comparison: textOrNull(value, 'entered_comparison'),
    entered_at: text(value, 'entered_at'),
    reason: textOrNull(value, 'reason'),
  };
}

/** Reads a stored audit entry. Errors: STORE_UNREADABLE. */
export function decodeAudit(json: string): AuditEntry {
  const value = objectOf(json, 'audit entry');
  const stages: readonly Stage[] = STAGES;
  return {
    pipeline: text(value, 'pipeline'),
    version: whole(value, 'version'),
    at: text(value, 'at'),
    actor: text(value, 'actor'),
    action: oneOf(value, 'action', ACTIONS),
    from_stage: oneOf(value, 'from_stage', stages),
    to_stage: oneOf(value, 'to_stage', stages),
    from_share_ppm: whole(value, 'from_share_ppm'),
    to_share_ppm: whole(value, 'to_share_ppm'),
    reason: textOrNull(value, 'reason'),
    comparison_id: textOrNull(value, 'comparison_id'),
  };
}

type Fields = { readonly [name: string]: unknown };

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(json: string, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw unreadable(what, 'JSON');
  }
  if (!isObject(value)) throw unreadable(what, 'JSON');
  return value;
}

function text(value: Fields, name: string): string {
  const field = value[name];
  if (typeof field !== 'string') throw unreadable('stored canary row', name);
  return field;
}

function textOrNull(value: Fields, name: string): string | null {
  return value[name] === null ? null : text(value, name);
}

function whole(value: Fields, name: string): number {
  const field = value[name];
  if (typeof field !== 'number' || !Number.isSafeInteger(field)) throw unreadable('stored canary row', name);
  return field;
}

function oneOf<T extends string>(value: Fields, name: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value[name]);
  if (found === undefined) throw unreadable('stored canary row', name);
  return found;
}

function unreadable(what: string, field: string): CutoverError {
  return new CutoverError(
    'STORE_UNREADABLE',
    `the ${what} in the store is not readable (${field})`,
    'Restore the tables cutover.canary and cutover.audit from a backup.',
  );
}
