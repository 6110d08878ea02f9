/** A micro-batch's moment as UTC text with microseconds. */
export function stampText(microseconds: number): string {
  const text = new Date(Math.floor(microseconds / 1000)).toISOString();
  return text.replace('Z', `${String(microseconds % 1000).padStart(3, '0')}Z`);
}
