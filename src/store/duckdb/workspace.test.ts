import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { threadsWithin, Workspace } from './workspace.js';

describe('threads', () => {
  it('are as many as the memory is enough for', () => {
    expect(['224MB', '1GB', '2 GiB', '100000kb', '1TB', '10MB'].map(threadsWithin)).toEqual([4, 17, 35, 1, 17857, 1]);
  });

  it('are fewer than there are processors where there is little memory', async () => {
    const workspace = await Workspace.open({ tempDir: tmpdir(), memoryLimit: '60MB' });
    try {
      const [row] = await workspace.session.query(`SELECT current_setting('threads') AS threads`);
      expect([Number(row?.['threads']), (await workspace.readers()).length]).toEqual([1, 1]);
    } finally {
      await workspace.close();
    }
  });
});
