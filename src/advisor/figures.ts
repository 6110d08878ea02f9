import type { Assumption, Source } from '../model/advice.js';

/** A figure with where it came from. */
export interface Figure {
  readonly value: number;
  readonly source: Source;
}

interface Asked {
  /** Its name in FILE. */
  readonly name: string;
  readonly unit: string | null;
  readonly stated: number | undefined;
  /** What follows from other figures that were stated. */
  readonly derived?: { readonly value: number; readonly detail: string } | undefined;
  readonly fallback: number;
}

/** Figures measured by cutover, by their names in FILE. */
export type MeasuredFigures = ReadonlyMap<string, { readonly value: number; readonly detail: string }>;

/** Chooses each figure and writes down where it came from: what the user states goes before what was measured, and that before what is derived or a default. */
export class Figures {
  readonly assumptions: Assumption[] = [];
  readonly #measured: MeasuredFigures;

  constructor(measured: MeasuredFigures) {
    this.#measured = measured;
  }

  take({ name, unit, stated, derived, fallback }: Asked): Figure {
    const measured = this.#measured.get(name);
    const chosen: Figure & { detail: string | null } =
      stated !== undefined
        ? { value: stated, source: 'stated', detail: measured === undefined ? null : `measured: ${measured.value}` }
        : measured !== undefined
          ? { value: measured.value, source: 'measured', detail: measured.detail }
          : derived !== undefined
            ? { value: derived.value, source: 'derived', detail: derived.detail }
            : { value: fallback, source: 'default', detail: null };
    this.note(name, chosen.value, unit, chosen.source, chosen.detail);
    return { value: chosen.value, source: chosen.source };
  }

  note(name: string, value: number | string, unit: string | null, source: Source, detail: string | null = null): void {
    this.assumptions.push({ name, value, unit, source, detail });
  }
}
