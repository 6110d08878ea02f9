/**
 * Edit distance in which swapping two neighbours counts as one edit ("optimal string alignment").
 * Source: Damerau, "A technique for computer detection and correction of spelling errors" (1964).
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The known word that was probably meant; undefined when none is near (more than a third of the letters differ). */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  // Longer than any key: not a typing error, and the distance would cost time quadratic in its length.
  if (word.length > 60) return undefined;
  const lower = word.toLowerCase().replaceAll('-', '_');
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= Math.max(1, Math.floor(candidate.length / 3)) && distance < (best?.distance ?? Infinity)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word;
}

/** ` (did you mean "x"?)`, or the known words where none is near. */
export function hint(word: string, known: readonly string[]): string {
  const near = suggestion(word, known);
  return near === undefined ? `; known are: ${known.join(', ')}` : `; did you mean "${near}"?`;
}
