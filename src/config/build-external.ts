import type { Alignment, ExternalSide } from '../model/project.js';
import { methodOf } from './external-checks.js';
import type { AlignInput, ExternalInput } from './external-schema.js';

const PROGRESS_WAIT = 10_000;
const QUIESCENT_SETTLE = 10_000;
const SETTLE_DELAY = 10_000;
const SETTLE_ROUNDS = 3;

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function tableOf(text: string): ExternalSide['table'] {
  const dot = text.indexOf('.');
  return { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

function quotedTable(text: string): string {
  const { schema, name } = tableOf(text);
  return `${quote(schema)}.${quote(name)}`;
}

/** A query may end in a semicolon, but stands in a statement of ours. */
function queryOf(sql: string): string {
  return sql.trim().replace(/;+\s*$/, '');
}

function watermarkQuery(input: { column?: string | undefined; sql?: string | undefined }, table: string): string {
  return input.sql === undefined
    ? `SELECT max(${quote(input.column ?? '')}) AS watermark FROM ${quotedTable(table)}`
    : queryOf(input.sql);
}

/** The stricter of what the two sides ask for; undefined: neither says anything. */
function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** An external side. What is not said of it is taken from the other side, where that is external too. */
export function buildExternal(input: ExternalInput, other: ExternalInput | undefined): ExternalSide | undefined {
  const align = buildAlignment(input, input.align, other?.align);
  return align && { kind: 'external', table: tableOf(input.table), align };
}

function buildAlignment(
  { table }: ExternalInput,
  align: AlignInput,
  other: AlignInput | undefined,
): Alignment | undefined {
  const { progress, quiescent, window, settle } = align;
  // Several, or none: that was reported.
  if (methodOf(align) === undefined) return undefined;
  if (progress !== undefined) {
    const from =
      progress.sql === undefined ? quotedTable(progress.table ?? '.') : `(\n${queryOf(progress.sql)}\n) AS progress`;
    return {
      kind: 'progress',
      query: `SELECT ${quote(progress.partition)} AS partition, ${quote(progress.offset)} AS next_offset FROM ${from}`,
      wait: most(progress.wait, other?.progress?.wait) ?? PROGRESS_WAIT,
    };
  }
  if (quiescent !== undefined) {
    const still = most(quiescent.settle, other?.quiescent?.settle) ?? QUIESCENT_SETTLE;
    return { kind: 'quiescent', settle: still, wait: most(quiescent.wait, other?.quiescent?.wait) ?? 3 * still };
  }
  if (window !== undefined) {
    return {
      kind: 'window',
      column: window.column,
      size: window.size ?? other?.window?.size ?? 0,
      lateness: most(window.lateness, other?.window?.lateness) ?? 0,
      watermark: watermarkQuery(window.watermark, table),
      nulls: window.nulls ?? other?.window?.nulls ?? 'inconclusive',
    };
  }
  const delay = most(settle?.delay, other?.settle?.delay) ?? SETTLE_DELAY;
  const fluxes = [settle?.max_in_flux, other?.settle?.max_in_flux].filter((share) => share !== undefined);
  return {
    kind: 'settle',
    delay,
    watermark: settle?.watermark === undefined ? null : watermarkQuery(settle.watermark, table),
    maxDelay: most(settle?.max_delay, other?.settle?.max_delay) ?? 10 * delay,
    rounds: most(settle?.rounds, other?.settle?.rounds) ?? SETTLE_ROUNDS,
    maxInFlux: fluxes.length === 0 ? null : Math.min(...fluxes),
  };
}
