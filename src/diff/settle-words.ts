import type { Discrepancy } from '../model/comparison.js';
import { formatDuration } from '../model/duration.js';
import type { Settled } from './settle.js';

/** How many keys in flux are named. */
const NAMED = 3;

/** @param delays milliseconds that were waited before each look after the first one */
export function detailOf({ looks, outcome }: Settled, delays: readonly number[]): string {
  if (looks === 1) return 'nothing differed at the first look';
  const times = [...new Set(delays)].map((ms) => formatDuration(ms)).join(', ');
  const moving = outcome.in_flux === 0 ? '' : `, ${outcome.in_flux} keys never came to rest`;
  return `${looks} looks, ${times} between them${moving}; what differed and did not change from one to the next is a discrepancy`;
}

/** What is in flux, with some of its keys. */
export function fluxNotes({ moving, outcome, beyond, looks }: Settled): string[] {
  const named = moving.slice(0, NAMED).map(keyText);
  return [
    ...(outcome.in_flux - beyond > 0
      ? [
          `${outcome.in_flux - beyond} keys differed at each of ${looks} looks and did not come to rest, such as ${named.join('; ')}: whether they agree is not known`,
        ]
      : []),
    ...(beyond > 0 ? [`${beyond} keys that differed at the first look were too many to be looked at again`] : []),
  ];
}

function keyText({ key, kind }: Discrepancy): string {
  const values = Object.values(key).map((value) => (value === null ? 'NULL' : String(value)));
  return `${values.join(', ')} (${kind.replaceAll('_', ' ')})`;
}
