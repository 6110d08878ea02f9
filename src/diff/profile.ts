import type { ColumnCounts, DiscrepancyKind } from '../model/comparison.js';
import type { ColumnProfile, DiffProfile, MissingRange } from '../model/diff-report.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { DiffColumns } from './columns.js';
import type { CellPair, CellVerdict } from './comparator.js';
import { askSide, isSummable, type AskSide, type SideAnswers } from './profile-base.js';
import { ColumnSizes } from './profile-columns.js';
import { tellable } from './profile-concentrations.js';
import { KindProfile } from './profile-kind.js';
import type { Side, SideSource } from './sides.js';

/** Concentrations held against the tables: each is a condition that every row is asked. */
const MOST_ASKED = 40;

/** Where the profile asks the tables themselves. */
export interface ProfileSources {
  readonly session: SqlSession;
  readonly dialect: SqlDialect;
  readonly batch: SideSource;
  readonly stream: SideSource;
  /** By column name, as counted. */
  readonly counts: Readonly<Record<string, ColumnCounts>>;
  /** Whether sums of numbers are wanted: they read every column of numbers on both sides. */
  readonly sums: boolean;
  /** False: only the columns are told, without a pass over the sides. */
  readonly shares: boolean;
  /** Asks a side elsewhere. */
  readonly ask?: AskSide | undefined;
}

const SIDES = ['batch', 'stream'] as const;

/**
 * Takes in every discrepancy, in canonical texts, and says what they have in common. Memory is bounded whatever their number: some MB, for a hundred columns
 * some tens.
 */
export class Profiler {
  readonly #columns: DiffColumns;
  readonly #sizes: ColumnSizes;
  readonly #kinds = new Map<DiscrepancyKind, KindProfile>();

  constructor(columns: DiffColumns) {
    this.#columns = columns;
    this.#sizes = new ColumnSizes(columns.compared);
  }

  /** A key that both sides have and whose values differ; `pairs` and `verdicts` in the order of the compared columns. */
  mismatch(key: readonly (string | null)[], pairs: readonly CellPair[], verdicts: readonly CellVerdict[]): void {
    this.#kind('value_mismatch').rows(key, pairs, verdicts);
    this.#sizes.add(pairs, verdicts);
  }

  /** A key that only one side has; `values` in the order of the compared columns. */
  missing(
    kind: 'missing_in_stream' | 'missing_in_batch',
    key: readonly (string | null)[],
    values: readonly (string | null)[],
  ): void {
    this.#kind(kind).row(key, values);
  }

  duplicate(key: readonly (string | null)[]): void {
    this.#kind('duplicate_key').key(key);
  }

  /** Everything in common. One pass over each side where there is something to hold against it. */
  async finish(sources: ProfileSources): Promise<DiffProfile> {
    const { dialect } = sources;
    const kinds = sources.shares ? [...this.#kinds.values()] : [];
    const asked = kinds
      .flatMap((kind) => kind.common().map((common) => ({ kind, ...common, share: common.trait.count / kind.found })))
      .sort((a, b) => b.share - a.share)
      .slice(0, MOST_ASKED);
    const ranges = kinds.flatMap((kind) => kind.ranges().map((range) => ({ kind, ...range })));
    const summed = sources.sums
      ? this.#columns.compared.filter((column) => SIDES.every((side) => isSummable(column[side], dialect)))
      : [];
    const concentrations: Parameters<typeof tellable>[0][number][] = [];
    const missing: MissingRange[] = [];
    const answers = new Map<Side, SideAnswers>();
    for (const side of SIDES) {
      const traits = asked.filter(({ base }) => base === side);
      const ranged = ranges.filter(({ kind }) => kind.base === side);
      const questions = { traits, ranges: ranged.map(({ column }) => column), sums: summed };
      const found = await (sources.ask?.(side, questions) ??
        askSide(sources.session, dialect, sources[side], questions));
      answers.set(side, found);
      concentrations.push(
        ...traits.map(({ kind, column, side: of, trait, share }, index) => ({
          kind: kind.kind,
          column: column.name,
          side: of,
          value: trait.value,
          by: trait.by,
          discrepancies: trait.count,
          at_least: trait.atLeast,
          share,
          base_share: (found.traits[index] ?? 0) / Math.max(1, found.rows),
          of: kind.found,
        })),
      );
      ranged.forEach(({ kind, column, from, to }, index) => {
        const { from: first, to: last } = found.ranges[index] ?? { from: null, to: null };
        if (first === null || last === null) return;
        missing.push({ kind: kind.kind, column: column.name, from, to, side_from: first, side_to: last });
      });
    }
    const sums = new Map(
      summed.map(({ name }, index) => [
        name,
        sumsOf(answers.get('batch')?.sums[index], answers.get('stream')?.sums[index]),
      ]),
    );
    return {
      columns: this.#sizes.profiles(sources.counts, sums),
      concentrations: tellable(concentrations),
      ranges: missing,
    };
  }

  #kind(kind: DiscrepancyKind): KindProfile {
    let profile = this.#kinds.get(kind);
    if (profile === undefined) {
      profile = new KindProfile(kind, this.#columns);
      this.#kinds.set(kind, profile);
    }
    return profile;
  }
}

function sumsOf(batch: string | null | undefined, stream: string | null | undefined): ColumnProfile['sums'] {
  if (typeof batch !== 'string' || typeof stream !== 'string') return null;
  return { batch, stream, equal: batch === stream };
}
