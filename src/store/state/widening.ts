/** Whether every value of one store type is the same value in another: such a change of the schema leaves what has landed as it is. */
export function widens(former: string, wanted: string): boolean {
  const [from, to] = [extentOf(former), extentOf(wanted)];
  return from !== null && to !== null && to.holds >= from.needs && to.scale >= from.scale;
}

/**
 * Whether PostgreSQL widens so without writing the table anew. A rewritten table looks empty to a snapshot that is older: the cycles that run meanwhile
 * in other processes would compare with nothing.
 */
export function widensInPlace(former: string, wanted: string): boolean {
  const numeric = /^numeric\(/i;
  return (
    numeric.test(former) &&
    numeric.test(wanted) &&
    widens(former, wanted) &&
    extentOf(former)?.scale === extentOf(wanted)?.scale
  );
}

/** Of an exact number type: digits before the point that it needs to be held, that it holds whatever they are, and digits after it. */
interface Extent {
  readonly needs: number;
  readonly holds: number;
  readonly scale: number;
}

const WHOLE: Readonly<Record<string, Extent>> = {
  // The first of 10 or 19 digits is not free.
  integer: { needs: 10, holds: 9, scale: 0 },
  bigint: { needs: 19, holds: 18, scale: 0 },
};

function extentOf(type: string): Extent | null {
  const [, precision, scale] = /^(?:decimal|numeric)\((\d+),\s*(\d+)\)$/i.exec(type) ?? [];
  if (precision === undefined || scale === undefined) return WHOLE[type.toLowerCase()] ?? null;
  const whole = Number(precision) - Number(scale);
  return { needs: whole, holds: whole, scale: Number(scale) };
}
