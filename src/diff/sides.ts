export type Side = 'batch' | 'stream';

/** A side as it takes part in the comparison. */
export interface SideSource {
  readonly side: Side;
  /** Relation SQL. */
  readonly relation: string;
  readonly filter: string | undefined;
  /** True: a PRIMARY KEY keeps out duplicate and NULL keys. */
  readonly unique: boolean;
  /** True: no key holds a NULL, as was counted. */
  readonly whole?: boolean;
}

/** No key holds a NULL. */
export function isWhole({ unique, whole }: SideSource): boolean {
  return unique || whole === true;
}

/** A range of the first key column: `from` <= value < `to`, as SQL; undefined: open. */
export interface KeyRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Only the rows whose key falls into the listed ones of `buckets` buckets. */
export interface BucketScope {
  readonly buckets: number;
  /** By blocks of a key of one whole number, of so many bits each; not given or null: by the key's hash. */
  readonly shift?: number | null;
  readonly listed: readonly number[];
}

export interface Sides {
  readonly batch: SideSource;
  readonly stream: SideSource;
}

/** All given conditions together; undefined when there are none. */
export function allOf(conditions: readonly (string | undefined)[]): string | undefined {
  const given = conditions.filter((condition) => condition !== undefined);
  // A condition that somebody wrote may end with a comment.
  return given.length === 0 ? undefined : given.map((condition) => `(${condition}\n)`).join(' AND ');
}

/** A WHERE of all given conditions; nothing when there are none. */
export function where(conditions: readonly (string | undefined)[]): string {
  const all = allOf(conditions);
  return all === undefined ? '' : `WHERE ${all}`;
}
