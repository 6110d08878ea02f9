/**
 * JSON with every digit: 64-bit integers as they are, bytes in base64.
 * A number that is not finite has no JSON; it becomes a text, which the types double and decimal read or refuse.
 */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'number':
      if (Object.is(value, -0)) return '-0';
      return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    default:
      break;
  }
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (isLong(value)) return value.toString();
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`);
  return `{${members.join(',')}}`;
}

/** The 64-bit integers of protobufjs; a record may have fields of these names too. */
function isLong(value: object): boolean {
  return '__isLong__' in value && 'low' in value && 'high' in value;
}
