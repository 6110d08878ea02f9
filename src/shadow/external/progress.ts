import { openLifecycle } from '../../diff/lifecycle.js';
import type { Comparison } from '../../model/comparison.js';
import { formatDuration } from '../../model/duration.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { OffsetVector } from '../../model/offset-vector.js';
import type { Alignment } from '../../model/project.js';
import { heldTable } from '../compare-pipeline.js';
import { externalSide, isWhollyExternal, type SideName } from '../sides.js';
import { conclude, concludeApart } from './conclude.js';
import {
  beginMoment,
  compareSides,
  pause,
  relationsOf,
  runOwnBatch,
  type ExternalCycle,
  type Moment,
} from './cycle.js';

type Progress = Extract<Alignment, { kind: 'progress' }>;

/** Offsets by the name of the partition; one that is not named stands at 0. */
type Named = ReadonlyMap<string, number>;

/** How often it is looked whether the sides meet. */
const POLL_MS = 100;

/**
 * Compares where both sides name the same offsets: exact, for each side's table and the offsets it reflects are read in one snapshot. A batch job of
 * cutover's own is run at the offsets that the stream names, once they have landed; a stream that stays ahead of what has landed is copied, so that
 * these are offsets that stand still. Other sides are waited for.
 */
export async function byProgress(cycle: ExternalCycle, align: Progress): Promise<Comparison> {
  const held = heldTable(cycle.env, cycle.pipeline);
  let copied = false;
  try {
    return await untilMet(cycle, align, held, () => {
      copied = true;
    });
  } finally {
    if (copied) await cycle.session.run(`DROP TABLE IF EXISTS ${held}`).catch(() => undefined);
  }
}

async function untilMet(cycle: ExternalCycle, align: Progress, held: string, onCopy: () => void): Promise<Comparison> {
  const { session } = cycle;
  let copy: Named | null = null;
  for (let waited = 0; ; waited += POLL_MS) {
    const last = waited + POLL_MS > align.wait;
    const made = await session.transaction(async () => {
      const moment = await beginMoment(cycle);
      const met = await meeting(cycle, moment, copy);
      if (met.kind === 'met') return compareAt(cycle, moment, met, copy === null ? null : held);
      if (!last) {
        // The first time it may be a moment's lag, which is not worth a copy.
        if (waited === 0 || copy !== null || met.ahead === undefined) return null;
        await session.run(`DROP TABLE IF EXISTS ${held}`);
        await session.run(`CREATE TABLE ${held} AS SELECT * FROM ${relationsOf(cycle).stream}`);
        return met.ahead;
      }
      const why = `${met.why} (waited ${formatDuration(align.wait)})`;
      return concludeApart(cycle, moment, { method: 'progress', exact: true, detail: 'the sides did not meet' }, why);
    });
    if (made instanceof Map) {
      copy = made;
      onCopy();
    } else if (made !== null) return made;
    await pause(cycle, POLL_MS);
  }
}

interface Met {
  readonly kind: 'met';
  readonly cut: OffsetVector;
  readonly named: Named;
}

/** @param held where the stream side stands that was copied at these offsets; null: in its table */
async function compareAt(
  cycle: ExternalCycle,
  moment: Moment,
  { cut, named }: Met,
  held: string | null,
): Promise<Comparison> {
  const job = await runOwnBatch(cycle, moment, cut);
  const started = performance.now();
  const lifecycle = await openLifecycle(cycle.session, cycle.pipeline.name);
  const relations = relationsOf(cycle);
  const sides = held === null ? relations : { ...relations, stream: held };
  const outcome = await compareSides(cycle, sides, (discrepancy) => {
    lifecycle.see(discrepancy);
  });
  return conclude(cycle, {
    moment,
    cut,
    outcome,
    alignment: {
      method: 'progress',
      exact: true,
      detail: `both sides reflect ${shown(named)}${held === null ? '' : '; the stream side was copied there'}`,
      ...(isWhollyExternal(cycle.pipeline) ? { state: JSON.stringify([...named].sort()) } : {}),
    },
    findings: [],
    notes: [],
    job,
    diff: performance.now() - started,
    lifecycle,
    resolvable: () => true,
  });
}

interface Apart {
  readonly kind: 'apart';
  readonly why: string;
  /** What the stream side reflects, where cutover only has to read that far. */
  readonly ahead?: Map<string, number>;
}

/**
 * Where the two sides stand in the transaction's snapshot.
 *
 * @param copy what a copy of the stream side reflects; null: it stands in its table
 */
async function meeting(cycle: ExternalCycle, moment: Moment, copy: Named | null): Promise<Met | Apart> {
  const { pipeline } = cycle;
  const batch = await progressOf(cycle, 'batch');
  const stream = copy ?? (await progressOf(cycle, 'stream'));
  const landed: Named = new Map(moment.partitions.map(({ name, nextOffset }) => [name, nextOffset]));
  const apart = (why: string): Apart => ({ kind: 'apart', why });
  for (const [side, named] of [
    ['batch', batch],
    ['stream', stream],
  ] as const) {
    if (named !== null && !reflects(named)) return apart(`the ${side} side names no offsets that it reflects yet`);
  }
  if (batch !== null && stream !== null) {
    const between = difference(batch, stream);
    if (between !== null) return apart(`the sides reflect other offsets: ${between('batch', 'stream')}`);
    return { kind: 'met', named: stream, cut: numbered(stream, landed) };
  }
  if (batch !== null) {
    const between = difference(batch, landed);
    if (between !== null) return apart(`the sides reflect other offsets: ${between('batch', 'stream')}`);
    return { kind: 'met', named: landed, cut: moment.landed };
  }
  const named = stream ?? new Map<string, number>();
  const behind = [...named].filter(([name, offset]) => offset > (landed.get(name) ?? 0));
  if (behind.length > 0) {
    const known = [...landed.keys()];
    const unknown = behind.filter(([name]) => !landed.has(name)).map(([name]) => name);
    const hint =
      unknown.length === 0
        ? ''
        : `; cutover has read nothing of ${list(unknown)}${known.length === 0 ? '' : `, the partitions it knows are ${list(known)}`}`;
    const numbers = behind.map(([name, offset]) => `${name} to ${offset}, landed are ${landed.get(name) ?? 0}`);
    const why = `the stream side of ${pipeline.name} reflects events that cutover has not read yet: ${list(numbers, '; ')}${hint}`;
    return { ...apart(why), ahead: new Map(named) };
  }
  return { kind: 'met', named, cut: numbered(named, landed, moment) };
}

function reflects(named: Named): boolean {
  return [...named.values()].some((offset) => offset > 0);
}

/** The offsets in cutover's numbering of partitions; for partitions that it does not read, in the order of their names. */
function numbered(named: Named, landed: Named, moment?: Moment): OffsetVector {
  if (moment !== undefined) return new Map(moment.partitions.map((one) => [one.partition, named.get(one.name) ?? 0]));
  const names = [...new Set([...named.keys(), ...landed.keys()])].sort();
  return new Map(names.map((name, index) => [index, named.get(name) ?? 0] as const).filter(([, offset]) => offset > 0));
}

/** null: none. Else the text, given the names of the two sides. */
function difference(a: Named, b: Named): ((a: string, b: string) => string) | null {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  const apart = names.filter((name) => (a.get(name) ?? 0) !== (b.get(name) ?? 0));
  if (apart.length === 0) return null;
  return (left, right) =>
    list(
      apart.map((name) => `${name}: ${left} ${a.get(name) ?? 'none'}, ${right} ${b.get(name) ?? 'none'}`),
      '; ',
    );
}

const MOST_SHOWN = 4;

function list(texts: readonly string[], separator = ', '): string {
  const more = texts.length - MOST_SHOWN;
  return texts.slice(0, MOST_SHOWN).join(separator) + (more > 0 ? ` and ${more} more` : '');
}

function shown(named: Named): string {
  return list([...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, offset]) => `${name} to ${offset}`));
}

/** The offsets that a side's own job names; null for a side of cutover's own. Errors: EXTERNAL_PROGRESS. */
async function progressOf({ session, pipeline }: ExternalCycle, side: SideName): Promise<Named | null> {
  const align = externalSide(pipeline, side)?.align;
  if (align?.kind !== 'progress') return null;
  const wrong = (what: string, cause?: unknown): CutoverError =>
    new CutoverError(
      'EXTERNAL_PROGRESS',
      `${pipeline.name}: the progress of the ${side} side ${what}`,
      `Correct pipelines.${pipeline.name}.${side}.external.align.progress: one row for each partition, with its name and the offset of the first event that the table does not reflect.`,
      cause === undefined ? {} : { cause },
    );
  let rows;
  try {
    rows = await session.query(
      `SELECT CAST(partition AS VARCHAR) AS partition, CAST(next_offset AS VARCHAR) AS next_offset FROM (${align.query}) AS named`,
    );
  } catch (error) {
    if (error instanceof CutoverError && /^(STORE_|INTERRUPTED)/.test(error.code)) throw error;
    throw wrong(`cannot be read: ${messageOf(error)}`, error);
  }
  const named = new Map<string, number>();
  for (const { partition, next_offset: offset } of rows) {
    if (typeof partition !== 'string') throw wrong('has a row without the name of a partition');
    if (named.has(partition)) throw wrong(`names the partition ${partition} twice`);
    const value = typeof offset === 'string' && /^\d+$/.test(offset) ? Number(offset) : NaN;
    if (!Number.isSafeInteger(value))
      throw wrong(`gives ${offset === null ? 'NULL' : JSON.stringify(offset)} as the offset of ${partition}`);
    named.set(partition, value);
  }
  return named;
}
