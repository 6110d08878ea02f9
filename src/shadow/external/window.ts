import { openLifecycle } from '../../diff/lifecycle.js';
import { isTimestamp, type Column } from '../../model/column.js';
import type { Comparison, ComparisonAlignment } from '../../model/comparison.js';
import { formatDuration } from '../../model/duration.js';
import { CutoverError } from '../../model/errors.js';
import type { Alignment } from '../../model/project.js';
import { stampText } from '../../model/stamp.js';
import type { Verdict } from '../../model/verdict.js';
import { externalSide, type SideName } from '../sides.js';
import { conclude, concludeApart } from './conclude.js';
import { beginMoment, compareSides, relationsOf, runOwnBatch, type ExternalCycle, type Relations } from './cycle.js';
import { watermarkOf } from './watermark.js';

type Window = Extract<Alignment, { kind: 'window' }>;

const SIDES = ['batch', 'stream'] as const;

/**
 * Compares the rows of the windows that had closed on both sides: whose end lies before both watermarks, less the lateness that is allowed. Not exact: an event that
 * comes later than that makes a difference of timing.
 */
export function byWindow(cycle: ExternalCycle): Promise<Comparison> {
  return cycle.session.transaction(async () => {
    const align = windowOf(cycle);
    const moment = await beginMoment(cycle);
    const job = await runOwnBatch(cycle, moment, moment.landed);
    const marks = { batch: await watermarkOf(cycle, 'batch'), stream: await watermarkOf(cycle, 'stream') };
    const missing = SIDES.filter((side) => marks[side] === null);
    const alignment: ComparisonAlignment = { method: 'window', exact: false };
    if (marks.batch === null || marks.stream === null) {
      const why = `the ${missing.join(' and the ')} side has no watermark yet: no window is known to have closed`;
      return concludeApart(cycle, moment, alignment, why);
    }
    const closed = stampText(Math.min(marks.batch, marks.stream) - (align.lateness + align.size) * 1000);
    const started = performance.now();
    const windows = await splitByWindow(cycle, align, closed);
    const lifecycle = await openLifecycle(cycle.session, cycle.pipeline.name);
    const outcome = await compareSides(cycle, windows.relations, (discrepancy) => {
      lifecycle.see(discrepancy);
    });
    const watermarks = `watermarks: batch ${stampText(marks.batch)}, stream ${stampText(marks.stream)}`;
    const bound = `${align.column} up to ${closed}`;
    return conclude(cycle, {
      moment,
      cut: moment.landed,
      outcome,
      alignment: { ...alignment, detail: `rows with ${bound} (${watermarks})`, state: closed },
      findings: windows.findings,
      notes: [
        `aligned by window: only rows with ${bound} were compared (${watermarks}, allowed lateness ${formatDuration(align.lateness)})`,
        ...windows.notes,
      ],
      job,
      diff: performance.now() - started,
      lifecycle,
      resolvable: () => true,
    });
  });
}

function windowOf({ pipeline }: ExternalCycle): Window {
  const align = [externalSide(pipeline, 'batch')?.align, externalSide(pipeline, 'stream')?.align];
  const windows = align.filter((one) => one?.kind === 'window');
  const [first] = windows;
  if (first === undefined) throw new Error(`${pipeline.name} is not aligned by window`);
  return first;
}

interface Windows {
  /** The rows to compare. */
  readonly relations: Relations;
  readonly findings: readonly (readonly [Verdict, string])[];
  /** What is not compared. */
  readonly notes: readonly string[];
}

async function splitByWindow(cycle: ExternalCycle, align: Window, closed: string): Promise<Windows> {
  const { env, session, pipeline } = cycle;
  const { dialect } = env.store;
  const relations = relationsOf(cycle);
  const columns = {
    batch: await dialect.columns(session, relations.batch),
    stream: await dialect.columns(session, relations.stream),
  };
  const name = dialect.quote(align.column);
  const inWindow = (side: SideName, alias: string): string => {
    const { family } = windowColumn(cycle, align, side, columns[side]);
    const type = family === 'timestamptz' ? 'TIMESTAMPTZ' : 'TIMESTAMP';
    // A timestamp without a zone, and the begin of a date, are taken to be UTC, as everywhere.
    const moment = family === 'timestamptz' ? closed : closed.replace(/Z$/, '');
    return `CAST(${alias}.${name} AS ${type}) <= CAST('${moment}' AS ${type})`;
  };
  const other = (side: SideName): SideName => (side === 'batch' ? 'stream' : 'batch');
  const rows = (side: SideName): string => {
    const nulls = align.nulls === 'compare' ? ` OR r.${name} IS NULL` : '';
    const own = `(${inWindow(side, 'r')}${nulls})`;
    if (pipeline.key.includes(align.column)) return `(SELECT r.* FROM ${relations[side]} r WHERE ${own})`;
    // The window of a key may differ from side to side while it moves on: it has closed when it has on both.
    const same = pipeline.key.map((key) => {
      const [self, its] = [columnOf(columns[side], key), columnOf(columns[other(side)], key)];
      return `${dialect.comparable(`o.${dialect.quote(key)}`, its, self)} = ${dialect.comparable(`r.${dialect.quote(key)}`, self, its)}`;
    });
    return `(SELECT r.* FROM ${relations[side]} r WHERE ${own} AND NOT EXISTS (SELECT 1 FROM ${relations[other(side)]} o WHERE ${same.join(' AND ')} AND NOT ${inWindow(other(side), 'o')}))`;
  };
  const counts = { batch: { open: 0, nulls: 0 }, stream: { open: 0, nulls: 0 } };
  for (const side of SIDES) {
    const [row] = await session.query(
      `SELECT sum(CASE WHEN NOT ${inWindow(side, 'r')} THEN 1 ELSE 0 END) AS open, sum(CASE WHEN r.${name} IS NULL THEN 1 ELSE 0 END) AS nulls FROM ${relations[side]} r`,
    );
    counts[side] = { open: Number(row?.['open'] ?? 0), nulls: Number(row?.['nulls'] ?? 0) };
  }
  const { batch, stream } = counts;
  const open = `${batch.open} batch rows and ${stream.open} stream rows are of windows that have not closed: not compared`;
  const without = `${batch.nulls} batch rows and ${stream.nulls} stream rows have no ${align.column}`;
  const anyNull = batch.nulls + stream.nulls > 0;
  return {
    relations: { batch: rows('batch'), stream: rows('stream') },
    findings:
      anyNull && align.nulls === 'inconclusive'
        ? [['inconclusive', `${without}: they are in no window, and are never compared`]]
        : [],
    notes: [
      ...(batch.open + stream.open > 0 ? [open] : []),
      ...(anyNull && align.nulls !== 'inconclusive'
        ? [`${without}: ${align.nulls === 'compare' ? 'compared as they are' : 'left out'}`]
        : []),
    ],
  };
}

function columnOf(columns: readonly Column[], name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
}

/** Errors: RULE_INVALID. */
function windowColumn({ pipeline }: ExternalCycle, align: Window, side: SideName, columns: readonly Column[]): Column {
  const found = columns.find(({ name }) => name === align.column);
  if (found !== undefined && (isTimestamp(found.family) || found.family === 'date')) return found;
  throw new CutoverError(
    'RULE_INVALID',
    found === undefined
      ? `${pipeline.name}: the window column ${align.column} is missing on the ${side} side (${columns.map(({ name }) => name).join(', ')})`
      : `${pipeline.name}: the window column ${align.column} is ${found.type} on the ${side} side, which is no date or timestamp`,
    'Name a column of dates or timestamps that both sides have in align.window.column.',
  );
}
