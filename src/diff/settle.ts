import type { ColumnCounts, Discrepancy, DiffCounts } from '../model/comparison.js';
import { daysOf, secondsOf } from './calendar.js';
import type { DiffOutcome } from './input.js';
import { endsAll, NO_PROFILE, unprofiled, type Profiled } from './profile-guard.js';
import { inKeyOrder } from './listing.js';
import { compareDecimals, distance, formatDecimal, parseDecimal, type Decimal } from './decimal.js';

/** Keys that are looked at again at the most; those beyond are in flux, for nothing more is known of them. */
export const MOST_SETTLED = 20_000;

/** Reads both sides in a snapshot of their own and calls `see` for every discrepancy. */
export type Look = (see: (discrepancy: Discrepancy) => void) => Promise<DiffOutcome>;

export interface SettleInput {
  /** Compares everything. */
  readonly first: Look;
  /**
   * Compares these keys alone, and the rows whose key holds a NULL where `nulls` says so, as they stand now.
   *
   * @param keys as the look before found them
   */
  readonly again: (keys: readonly Discrepancy['key'][], nulls: boolean) => Look;
  /**
   * Whether the side behind has by now, at the newest look, got to where the side ahead was at look `since` (0: the first). Until it has, a difference
   * may be one of timing however long it stayed. Left out: the wait is long enough.
   */
  readonly caughtUp?: (since: number) => boolean;
  /**
   * Whether each key is found again by its values on a side that may have it, asked at once after the first look. A key that is not cannot be said to be gone from
   * both sides later on. Left out: all are.
   */
  readonly findable?: (found: readonly Discrepancy[]) => Promise<readonly boolean[]>;
  /** Compares these keys, which stayed, once more and makes a profile of them. Left out: no profile. */
  readonly profile?: (keys: readonly Discrepancy['key'][]) => Look;
  /** Waits before each further look: no less than what the slower side may lag behind. Rejects to end it all. */
  readonly wait: (round: number) => Promise<void>;
  /** Looks after the first one at the most. */
  readonly rounds: number;
  /** Discrepancies listed in the outcome. */
  readonly limit: number;
  /** Most keys that are looked at again; for tests. */
  readonly most?: number;
}

export interface Settled {
  /** The counts after all looks: what agreed at one of them is matched, what stayed is a discrepancy, what never did either is `in_flux`. */
  readonly outcome: DiffOutcome;
  /** Every discrepancy that stayed. */
  readonly stayed: readonly Discrepancy[];
  /** Keys that differed at every look and never stayed the same for long enough, as they were last seen. */
  readonly moving: readonly Discrepancy[];
  /** Keys that differed at the first look and were too many to be looked at again. */
  readonly beyond: number;
  /** How many looks were taken, the first one included. */
  readonly looks: number;
}

interface Tracked {
  readonly discrepancy: Discrepancy;
  /** What differed, and how. */
  readonly print: string;
  /** The look at which it was first seen to differ like this. */
  readonly since: number;
}

/**
 * Tells a lasting difference from one of timing between two tables that nobody holds still. What differs at the first look is looked at again: a key
 * that agrees then is matched, one that differs in just the same values stayed as it is for longer than a side may lag, and is a discrepancy; one that
 * differs in others is looked at once more. What still moves after the last look is in flux: never an agreement, for a key that differs for good
 * looks like this too as long as both its rows keep changing.
 */
export async function settle(input: SettleInput): Promise<Settled> {
  const most = input.most ?? MOST_SETTLED;
  let moving = new Map<string, Tracked>();
  let nullKeys: Discrepancy[] = [];
  const outcome = await input.first((discrepancy) => {
    if (discrepancy.kind === 'null_key') nullKeys.push(discrepancy);
    else if (moving.size < most) moving.set(keyOf(discrepancy), tracked(discrepancy, 0));
  });
  const differing = differingKeys(outcome);
  const beyond = differing - moving.size;
  const lost = await setApart(moving, input);
  const nulls = outcome.null_key > 0;
  let nullCount = outcome.null_key;
  const agreed = { matched: 0, tolerated: 0, gone: 0 };
  const stayed: Discrepancy[] = [];
  let looks = 1;
  while (looks <= input.rounds && (moving.size > 0 || (nulls && looks === 1))) {
    await input.wait(looks);
    const seen = new Map<string, Tracked>();
    const nullsNow: Discrepancy[] = [];
    const keys = [...moving.values()].map(({ discrepancy }) => discrepancy.key);
    const now = await input.again(
      keys,
      nulls,
    )((discrepancy) => {
      if (discrepancy.kind === 'null_key') nullsNow.push(discrepancy);
      else seen.set(keyOf(discrepancy), tracked(discrepancy, looks));
    });
    looks += 1;
    agreed.matched += now.matched;
    agreed.tolerated += now.tolerated;
    // Neither side has it any longer: they agree, and there is nothing to count.
    agreed.gone += Math.max(0, moving.size - now.keys_compared);
    // A row without a key can be told from no other: those that are there now are what stayed.
    [nullKeys, nullCount] = [nullsNow, now.null_key];
    const next = new Map<string, Tracked>();
    for (const [key, one] of seen) {
      const before = moving.get(key);
      if (before?.print !== one.print) next.set(key, one);
      else if (input.caughtUp?.(before.since) ?? true) stayed.push(one.discrepancy);
      else next.set(key, before);
    }
    moving = next;
  }
  const keys = outcome.keys_compared - agreed.gone;
  const kept = inKeyOrder([...stayed, ...nullKeys]);
  const { profile, notes } = await profileOf(input, stayed);
  return {
    outcome: {
      ...outcome,
      ...countsOf(stayed),
      keys_compared: keys,
      matched: outcome.matched + agreed.matched,
      tolerated: outcome.tolerated + agreed.tolerated,
      null_key: nullCount,
      in_flux: moving.size + lost.length + beyond,
      mismatch_rate: keys + nullCount === 0 ? 0 : (stayed.length + nullCount) / (keys + nullCount),
      columns: columnsOf(outcome.columns, stayed),
      notes: [...outcome.notes, ...notes],
      ...(profile === undefined ? {} : { profile }),
      discrepancies: kept.slice(0, input.limit),
    },
    stayed: kept,
    moving: [...lost, ...moving.values()].map(({ discrepancy }) => discrepancy),
    beyond,
    looks,
  };
}

/** Not every store prints these as they are: a key with one of them would be looked up as another. */
const ODD_TEXT = /^\uFEFF|\uFFFD|\0/;

/** Takes out of `moving` what would not be found again: it stays in flux, for looking it up would say that it is gone. */
async function setApart(moving: Map<string, Tracked>, { findable }: SettleInput): Promise<Tracked[]> {
  const all = [...moving];
  const found = await findable?.(all.map(([, { discrepancy }]) => discrepancy));
  const lost = all.filter(([, { discrepancy }], index) => {
    const odd = Object.values(discrepancy.key).some((value) => typeof value === 'string' && ODD_TEXT.test(value));
    return odd || found?.[index] === false;
  });
  for (const [key] of lost) moving.delete(key);
  return lost.map(([, one]) => one);
}

/** What those have in common that stayed: only as long as they are still what they were. */
async function profileOf(input: SettleInput, stayed: readonly Discrepancy[]): Promise<Profiled> {
  if (input.profile === undefined || stayed.length === 0) return { notes: [] };
  const before = new Map(stayed.map((one) => [keyOf(one), tracked(one, 0).print]));
  let same = 0;
  let others = 0;
  const see = (one: Discrepancy): void => {
    if (before.get(keyOf(one)) === tracked(one, 0).print) same += 1;
    else others += 1;
  };
  let found: DiffOutcome;
  try {
    found = await input.profile(stayed.map(({ key }) => key))(see);
  } catch (error) {
    // What stayed is known by now, whatever this one more look came to.
    if (endsAll(error)) throw error;
    return unprofiled(error);
  }
  const { profile, notes } = found;
  if (profile === undefined) return { notes: notes.filter((note) => note.startsWith(NO_PROFILE)) };
  return others === 0 && same === before.size
    ? { profile, notes: [] }
    : { notes: [`${NO_PROFILE}: rows changed again since they were compared`] };
}

function keyOf({ key }: Discrepancy): string {
  return JSON.stringify(key);
}

/** A key that stands twice on a side stands twice, however often: such tables grow. */
function tracked(discrepancy: Discrepancy, since: number): Tracked {
  const { kind, columns } = discrepancy;
  return { discrepancy, since, print: kind === 'duplicate_key' ? kind : JSON.stringify([kind, columns]) };
}

function differingKeys(counts: DiffCounts): number {
  return counts.missing_in_stream + counts.missing_in_batch + counts.value_mismatch + counts.duplicate_key;
}

type KindCounts = Pick<DiffCounts, 'missing_in_stream' | 'missing_in_batch' | 'value_mismatch' | 'duplicate_key'>;

function countsOf(stayed: readonly Discrepancy[]): KindCounts {
  const counts = { missing_in_stream: 0, missing_in_batch: 0, value_mismatch: 0, duplicate_key: 0 };
  for (const { kind } of stayed) if (kind !== 'null_key') counts[kind] += 1;
  return counts;
}

/** Counts by column of what stayed; what was tolerated is that of the first look. */
function columnsOf(first: DiffOutcome['columns'], stayed: readonly Discrepancy[]): Record<string, ColumnCounts> {
  const out: Record<string, ColumnCounts> = {};
  for (const [name, { tolerated, max_abs_difference: sized }] of Object.entries(first)) {
    let mismatched = 0;
    let largest: Decimal | 'Infinity' | null = null;
    for (const { kind, columns } of stayed) {
      const cells = kind === 'value_mismatch' ? columns[name] : undefined;
      if (cells === undefined) continue;
      mismatched += 1;
      if (sized !== null) largest = larger(largest, sizeOf(cells.batch, cells.stream));
    }
    const kept = tolerated > 0 && mismatched === 0 ? sized : null;
    const text = largest === null || largest === 'Infinity' ? largest : formatDecimal(largest);
    out[name] = { mismatched, tolerated, max_abs_difference: text ?? kept };
  }
  return out;
}

function sizeOf(batch: unknown, stream: unknown): Decimal | 'Infinity' | null {
  if (batch === null || stream === null) return null;
  for (const read of [parseDecimal, secondsOf, daysOf]) {
    const [a, b] = [read(String(batch)), read(String(stream))];
    if (a !== undefined && b !== undefined) return distance(a, b);
  }
  return [batch, stream].some((value) => /^-?Infinity$/.test(String(value))) ? 'Infinity' : null;
}

function larger(a: Decimal | 'Infinity' | null, b: Decimal | 'Infinity' | null): Decimal | 'Infinity' | null {
  if (a === null || b === null) return a ?? b;
  if (a === 'Infinity' || b === 'Infinity') return 'Infinity';
  return compareDecimals(a, b) >= 0 ? a : b;
}
