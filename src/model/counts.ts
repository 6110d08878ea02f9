/** An integer or decimal with separators between its thousands: `12,345.67`. Text that is no plain number stays as it is. */
export function grouped(value: number | bigint | string): string {
  const text = String(value);
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (match === null) return text;
  return `${match[1] ?? ''}${(match[2] ?? '').replace(/\B(?=(\d{3})+$)/g, ',')}${match[3] ?? ''}`;
}

/** The form that fits a count in a sentence: the first for one, the second for any other number. */
export function byCount(count: number, one: string, more = `${one}s`): string {
  return count === 1 ? one : more;
}

/** `1 key`, `2,000 keys`. */
export function counted(count: number, one: string, more?: string): string {
  return `${grouped(count)} ${byCount(count, one, more)}`;
}
