/** `pass`: proven to agree. `fail`: they differ. `inconclusive`: not enough to say. `error`: it could not be found out. */
export type Verdict = 'pass' | 'inconclusive' | 'fail' | 'error';

/** From best to worst; `worst` and exit codes follow this order. */
const ORDER: readonly Verdict[] = ['pass', 'inconclusive', 'fail', 'error'];

/** A stored text as a verdict; one that is none is an `error`, never passed over. */
export function verdictOf(text: string): Verdict {
  return ORDER.find((verdict) => verdict === text) ?? 'error';
}

/** The worst of several verdicts. Nothing at all is `inconclusive`, never `pass`. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  let rank = -1;
  for (const verdict of verdicts) rank = Math.max(rank, ORDER.indexOf(verdictOf(verdict)));
  return ORDER[rank] ?? 'inconclusive';
}

/** The process exit code: 0 pass, 1 fail, 2 error, 3 inconclusive. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 2 | 3 {
  switch (verdict) {
    case 'pass':
      return 0;
    case 'fail':
      return 1;
    case 'error':
      return 2;
    case 'inconclusive':
      return 3;
  }
}
