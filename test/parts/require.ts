/**
 * Whether tests that need a part must be skipped, said loudly: they then say nothing about that part.
 * With CUTOVER_REQUIRE_PARTS=1 (as in CI) a missing part is a failure.
 */
export function loudly(part: string, problem: string | null): boolean {
  if (problem === null) return false;
  const text = `NOT TESTED: ${part}: ${problem}`;
  if (process.env['CUTOVER_REQUIRE_PARTS'] === '1') throw new Error(text);
  process.stderr.write(`\n*** ${text} ***\n`);
  return true;
}
