import type { DiscrepancyKind } from '../model/comparison.js';
import { byCount, grouped } from '../model/counts.js';
import type { Concentration, MissingRange } from '../model/diff-profile.js';
import { cellText, visible } from './cells.js';
import { roughPercent, signedDifference } from './numbers.js';
import type { AnyComparison } from './result.js';
import { sideNames, stoppedEarly, type SideNames } from './wording.js';

/** Missing keys spread over more of the side than this lie anywhere. */
const ANYWHERE = 0.9;

/** In what the discrepancies are alike, one sentence each; what tells most comes first. */
export function commonSentences(report: AnyComparison): string[] {
  if (report.profile === null || report.profile === undefined) return [];
  const { concentrations, ranges } = report.profile;
  const names = sideNames(report);
  return [
    ...concentrations.map((one) => concentrationText(one, report, names)),
    ...ranges
      .filter((one) => report[one.kind] > 1 && isPart(one) && !isTold(one, concentrations))
      .map((one) => rangeText(one, report, names)),
  ];
}

/** What the sums of both sides say; nothing where none were asked for. */
export function sumSentences(report: AnyComparison): string[] {
  const summed = (report.profile?.columns ?? []).flatMap(({ column, sums }) =>
    sums === null ? [] : [{ column, sums }],
  );
  const equal = summed.filter(({ sums }) => sums.equal).map(({ column }) => visible(column));
  const names = sideNames(report);
  return [
    ...summed
      .filter(({ sums }) => !sums.equal)
      .map(({ column, sums }) => {
        const difference = signedDifference(sums.batch, sums.stream) ?? 'an unknown size';
        return `the sum of ${visible(column)} differs by ${signed(difference)}: ${grouped(sums.batch)} on the ${names.batch}, ${grouped(sums.stream)} on the ${names.stream}`;
      }),
    ...(equal.length === 0
      ? []
      : [
          `the ${byCount(equal.length, 'sum')} of ${listed(equal)} ${byCount(equal.length, 'is', 'are')} equal on both sides`,
        ]),
  ];
}

/** `+1234.5` -> `+1,234.5`. */
export function signed(difference: string): string {
  return difference.startsWith('+') || difference.startsWith('-')
    ? `${difference.slice(0, 1)}${grouped(difference.slice(1))}`
    : grouped(difference);
}

function concentrationText(one: Concentration, report: AnyComparison, names: SideNames): string {
  const count = grouped(report[one.kind]);
  const early = stoppedEarly(report) ? ' found' : '';
  const whose =
    one.share === 1
      ? `all ${count} ${nounOf(one.kind, names)}${early}`
      : `${one.at_least ? 'at least ' : ''}${roughPercent(one.share)} of the ${count} ${nounOf(one.kind, names)}${early}`;
  const side = one.side === null ? '' : ` on the ${names[one.side]}`;
  const base = names[one.side ?? (one.kind === 'missing_in_batch' ? 'stream' : 'batch')];
  return `${whose} have ${traitText(one)}${side} (${roughPercent(one.base_share)} of the ${base} rows do)`;
}

function traitText({ column, value, by }: Concentration): string {
  const name = visible(column);
  const text = cellText(by === 'value' ? (value === null ? null : plainTime(value)) : value);
  switch (by) {
    case 'value':
      return `${name} = ${text}`;
    case 'prefix':
      return `${name} beginning with ${text}`;
    case 'day':
      return `${name} on ${text}`;
    case 'month':
      return `${name} in ${text}`;
  }
}

function nounOf(kind: DiscrepancyKind, names: SideNames): string {
  switch (kind) {
    case 'missing_in_stream':
      return `keys only on the ${names.batch}`;
    case 'missing_in_batch':
      return `keys only on the ${names.stream}`;
    case 'value_mismatch':
      return 'value mismatches';
    case 'duplicate_key':
      return 'duplicate keys';
    case 'null_key':
      return 'rows without a key';
  }
}

function rangeText(one: MissingRange, report: AnyComparison, names: SideNames): string {
  const side = names[one.kind === 'missing_in_batch' ? 'stream' : 'batch'];
  const [from, to, first, last] = [one.from, one.to, one.side_from, one.side_to].map((text) =>
    cellText(plainTime(text)),
  );
  const where =
    one.from === one.to
      ? `${visible(one.column)} = ${from}`
      : one.to === one.side_to
        ? `${visible(one.column)} from ${from} to the end`
        : `${visible(one.column)} from ${from} to ${to}`;
  return `the ${grouped(report[one.kind])} ${nounOf(one.kind, names)} have ${where} (${first} to ${last} in all ${side} rows)`;
}

/** Whether it is clearly less than the whole side. */
function isPart({ from, to, side_from: first, side_to: last }: MissingRange): boolean {
  const [a, b, c, d] = [from, to, first, last].map(placeOf);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return from !== first || to !== last;
  return d > c && (b - a) / (d - c) <= ANYWHERE;
}

function isTold(one: MissingRange, concentrations: readonly Concentration[]): boolean {
  return concentrations.some(({ kind, column, share }) => kind === one.kind && column === one.column && share === 1);
}

/** Near enough to say how wide a range is. */
function placeOf(text: string): number | undefined {
  const place = /^-?\d+(\.\d+)?$/.test(text)
    ? Number(text)
    : Date.parse(`${text.replace(' ', 'T')}${text.includes(':') ? 'Z' : ''}`);
  return Number.isFinite(place) ? place : undefined;
}

/** A time without the zeros behind its seconds. */
function plainTime(text: string): string {
  return /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
