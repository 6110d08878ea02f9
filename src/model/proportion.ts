/**
 * Exact confidence bounds of a proportion of which a sample is known.
 *
 * Source: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
 * Biometrika 26 (1934). With X ~ Binomial(n, p), the upper bound is the p with P(X <= x) = 1 - confidence, the lower one that with
 * P(X >= x) = 1 - confidence. P(X <= x) = I(1 - p; n - x, x + 1), the regularised incomplete beta function.
 */

const STEPS = 200;

/** At most this share of all differs, where `found` of `sampled` do. One-sided; 1 where nothing was sampled. */
export function upperBound(found: number, sampled: number, confidence: number): number {
  if (sampled <= 0 || found >= sampled) return 1;
  if (found === 0) return -Math.expm1(Math.log1p(-confidence) / sampled);
  return bisect((p) => incompleteBeta(1 - p, sampled - found, found + 1) > 1 - confidence).above;
}

/** At least this share of all differs, where `found` of `sampled` do. One-sided; 0 where nothing was sampled. */
export function lowerBound(found: number, sampled: number, confidence: number): number {
  if (sampled <= 0 || found <= 0) return 0;
  if (found >= sampled) return Math.exp(Math.log1p(-confidence) / sampled);
  return bisect((p) => incompleteBeta(p, found, sampled - found + 1) < 1 - confidence).below;
}

/** The place in 0..1 up to which `holds`, between two neighbours or as near as 200 steps come. */
function bisect(holds: (p: number) => boolean): { below: number; above: number } {
  let below = 0;
  let above = 1;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (below + above) / 2;
    if (middle <= below || middle >= above) break;
    if (holds(middle)) below = middle;
    else above = middle;
  }
  return { below, above };
}

/** I(x; a, b) by its continued fraction (DLMF 8.17.22, evaluated by Lentz's method), on whichever side of the mean it converges fast. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * continuedFraction(x, a, b)) / a
    : 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;

function continuedFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  // It takes some multiple of sqrt(max(a, b)) terms.
  const most = 200 + 20 * Math.ceil(Math.sqrt(Math.max(a, b)));
  for (let m = 1; m <= most; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const factor = d * c;
    result *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return result;
}

const SHIFT = 15;

/** ln Γ(z), z > 0, by Stirling's series from 15 on (DLMF 5.11.1): below 1e-15 relative. */
function logGamma(z: number): number {
  let product = 1;
  let shifted = z;
  while (shifted < SHIFT) {
    product *= shifted;
    shifted += 1;
  }
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series =
    inverse *
    (1 / 12 -
      square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360360))))));
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
