import { describe, expect, it } from 'vitest';
import { planTransfer, type TransferFacts, type TransferSide } from './transfer-plan.js';

const away = (rows: number, width = 50): TransferSide => ({ rows, width, away: true });
const here = (rows: number): TransferSide => ({ rows, width: 0, away: false });
const facts = (batch: TransferSide, stream: TransferSide, more: Partial<TransferFacts> = {}): TransferFacts => ({
  batch,
  stream,
  network: 'local',
  sameHashes: false,
  ...more,
});

describe('planTransfer', () => {
  it('pulls small tables, whatever the stores', () => {
    expect(planTransfer(facts(away(100), away(49_999), { sameHashes: true, network: 'remote' }))).toMatchObject({
      place: 'pulled',
      reason: 'small tables: about 49999 rows, digests pay from 50000 on',
    });
  });

  it('exchanges digests where both servers hash alike', () => {
    expect(planTransfer(facts(away(3_000_000), away(3_000_000), { sameHashes: true }))).toEqual({
      place: 'digests_exchanged',
      reason: 'about 3000000 rows, 300 MB to send: both servers digest alike, which costs less than sending',
      buckets: 32_768,
    });
  });

  it('pulls over a local network where they do not, and exchanges digests over a remote one', () => {
    expect(planTransfer(facts(away(3_000_000), here(3_000_000)))).toMatchObject({
      place: 'pulled',
      reason: 'about 3000000 rows, 150 MB to send over a local network: cheaper than digests that both stores compute',
    });
    expect(planTransfer(facts(away(3_000_000), here(3_000_000), { network: 'remote' }))).toMatchObject({
      place: 'digests_exchanged',
      reason: 'about 3000000 rows, 150 MB to send over a remote network',
    });
    expect(planTransfer(facts(away(100_000), here(100_000), { network: 'remote' }))).toMatchObject({ place: 'pulled' });
  });

  it('pulls where the numbers of rows say that much differs', () => {
    const plan = planTransfer(facts(away(1_000_000), away(800_000), { sameHashes: true, network: 'remote' }));
    expect(plan).toMatchObject({
      place: 'pulled',
      reason: 'about 1000000 and 800000 rows: digests would find hardly a part that is equal',
    });
  });

  it('does what is asked', () => {
    expect(planTransfer(facts(away(1), here(1), { forced: 'digests_exchanged' }))).toEqual({
      place: 'digests_exchanged',
      reason: 'asked for',
      buckets: 1024,
    });
  });

  it('takes more buckets for more rows, a power of two within bounds', () => {
    const buckets = (rows: number): number => planTransfer(facts(away(rows), here(rows))).buckets;
    expect([0, 131_072, 131_073, 1e6, 1e9].map(buckets)).toEqual([1024, 1024, 2048, 8192, 32_768]);
  });
});
