import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/app/context.js';
import { demo } from '../../src/app/demo.js';
import { runOnce } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import { blocksOf, unprinted } from './documented.js';

const README = new URL('../../README.md', import.meta.url);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-readme-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function context(): AppContext {
  return {
    configFile: join(folder, 'cutover.yaml'),
    env: {},
    clock: systemClock,
    logger: silentLogger,
    progress: silentProgress,
    actor: 'test',
    signal: new AbortController().signal,
  };
}

describe('the README', () => {
  it('shows a configuration that runs as it stands, and passes', async () => {
    const [, yaml] = /```yaml\n(version: 1[\s\S]*?)```/.exec(await readFile(README, 'utf8')) ?? [];
    await writeFile(join(folder, 'cutover.yaml'), yaml ?? '');
    await writeFile(
      join(folder, 'orders.csv'),
      [
        'order_id,customer,country,amount,ordered_at',
        '1,ann,DE,10.50,2026-01-01T10:00:00Z',
        '2,"Bob, jr.",FR,20,2026-01-01T11:00:00Z',
        '3,ann,DE,0.30,2026-01-02T09:30:00+02:00',
        '4,çelik,,1234567.89,2026-01-02T09:31:00Z',
        '',
      ].join('\n'),
    );
    const summary = await runOnce(context(), { limit: 10 });
    expect(summary).toMatchObject({ verdict: 'pass', events: 4, quarantined: 0 });
    expect(summary.comparisons[0]).toMatchObject({ pipeline: 'revenue', keys_compared: 3, matched: 3 });
  });

  it('prints of the demo what the demo prints', { timeout: 240_000 }, async () => {
    let text = '';
    const { verdict } = await demo({
      keep: false,
      out: (part) => (text += part),
      clock: systemClock,
      logger: silentLogger,
      progress: silentProgress,
      env: {},
      signal: new AbortController().signal,
      color: false,
      width: 100,
    });
    expect(verdict).toBe('pass');
    const scenes = blocksOf(await readFile(README, 'utf8')).find(({ lines }) =>
      lines[0]?.startsWith('1. A stream job'),
    );
    expect(scenes?.lines.length).toBeGreaterThan(20);
    expect(unprinted(['…', ...(scenes?.lines ?? [])], text, { ends: false })).toBeNull();
  });
});
