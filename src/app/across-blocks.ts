import type { PreparedSides, SideName } from './across-sides.js';
import { ownOf } from './across-sides.js';
import { haveBlocks, shiftFor, type KeyBlocks } from '../diff/key-blocks.js';
import type { TransferPlan } from '../diff/transfer-plan.js';
import type { KeySpread } from '../store/contract.js';

/** A plan that exchanges digests, with blocks of a key column in place of hashes where servers know enough of its values; the reason says so. */
export async function withBlocks(plan: TransferPlan, sides: PreparedSides, rows: number): Promise<TransferPlan> {
  if (plan.place !== 'digests_exchanged') return plan;
  for (const [column, pair] of sides.pairs.key.entries()) {
    const own = { batch: ownOf(sides.batch, pair.batch.name), stream: ownOf(sides.stream, pair.stream.name) };
    if (!haveBlocks(own.batch, own.stream)) continue;
    const spread = async (name: SideName): Promise<KeySpread | null> => {
      const { dialect, session, relation } = sides[name].side;
      return (await dialect.keyRanges?.spread(session, relation, own[name])) ?? null;
    };
    const [batch, stream] = [await spread('batch'), await spread('stream')];
    const larger = (batch?.rows ?? 0) >= (stream?.rows ?? 0) ? batch : stream;
    const shift = larger === null ? null : shiftFor(larger, rows / plan.buckets);
    if (shift === null) continue;
    const blocks: KeyBlocks = { column, shift, led: { batch: batch?.led === true, stream: stream?.led === true } };
    return { ...plan, blocks, reason: `${plan.reason}; buckets are ranges of ${pair.name}${ledWords(blocks)}` };
  }
  return plan;
}

function ledWords({ led }: KeyBlocks): string {
  if (led.batch && led.stream) return ', of which an index finds the rows';
  if (!led.batch && !led.stream) return '';
  return `, of which an index finds the rows on the ${led.batch ? 'batch' : 'stream'} side`;
}
