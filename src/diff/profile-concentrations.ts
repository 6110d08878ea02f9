import type { Concentration } from '../model/diff-report.js';
import { lowerBound } from '../model/proportion.js';

/** Concentrations told at the most, of all columns and of one. */
const MOST = 10;
const MOST_OF_COLUMN = 2;

/** A smaller share, or fewer discrepancies, are no concentration. */
export const LEAST_SHARE = 0.1;
export const LEAST_DISCREPANCIES = 3;

/** How much likelier (as odds) a discrepancy must be to have something than a row is; held against what is certain at 99.9%, so that few prove nothing. */
const ODDS = 2;
const CONFIDENCE = 0.999;

/** A part is told beside the whole only where its odds say so much more. */
const SHARPER = 3;

/** What a longer text must have of the discrepancies of a shorter one to be told in its place. */
const NEARLY_ALL = 0.9;

/** A concentration that may be told. */
export interface Candidate extends Concentration {
  /** Discrepancies of its kind. */
  readonly of: number;
}

/** Whether the discrepancies have it clearly more often than the rows of a side. */
export function standsOut(candidate: Candidate): boolean {
  if (candidate.discrepancies < LEAST_DISCREPANCIES || candidate.share < LEAST_SHARE) return false;
  const certain = lowerBound(candidate.discrepancies, candidate.of, CONFIDENCE);
  return odds(certain) >= ODDS * odds(candidate.base_share);
}

/** Those that stand out, each thing once: of a day and its month, a prefix and a longer one, the one that says more. Largest share first. */
export function tellable(candidates: readonly Candidate[]): Concentration[] {
  const standing = candidates.filter(standsOut);
  const told = standing.filter(
    (one) =>
      !standing.some(
        (other) => other !== one && sameColumn(one, other) && (saysMore(other, one) || saysIt(other, one)),
      ),
  );
  return told
    .sort((a, b) => b.share - a.share || a.base_share - b.base_share)
    .filter(
      (one, index, sorted) => sorted.slice(0, index).filter((other) => sameColumn(one, other)).length < MOST_OF_COLUMN,
    )
    .slice(0, MOST)
    .map(({ of: _, ...concentration }) => concentration);
}

function odds(share: number): number {
  return share >= 1 ? Number.POSITIVE_INFINITY : share / (1 - share);
}

function sameColumn(a: Concentration, b: Concentration): boolean {
  return a.kind === b.kind && a.column === b.column && a.side === b.side;
}

/** Months hold days, days times, prefixes longer ones and values: all of them by their texts. */
function holds(whole: Concentration, part: Concentration): boolean {
  if (whole.by === 'value' || whole.value === null || part.value === null) return false;
  return part.value.startsWith(whole.value) && (part.value.length > whole.value.length || part.by === 'value');
}

/** A part that has nearly all the discrepancies of the whole is told in its place. */
function saysMore(part: Concentration, whole: Concentration): boolean {
  return holds(whole, part) && part.discrepancies >= NEARLY_ALL * whole.discrepancies;
}

/** A part that has fewer is left out, unless it stands out far more than the whole. */
function saysIt(whole: Concentration, part: Concentration): boolean {
  if (!holds(whole, part) || part.discrepancies >= NEARLY_ALL * whole.discrepancies) return false;
  return part.share * whole.base_share < SHARPER * whole.share * part.base_share;
}
