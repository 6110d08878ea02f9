import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.js';

class Terminal extends Writable {
  readonly isTTY = true;
  readonly columns = 80;
  text = '';
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('progress on a terminal', () => {
  it('counts where the total is unknown, and leaves a clean line behind', async () => {
    const terminal = new Terminal();
    const progress = await createProgress(terminal, () => new Date(0));
    progress.update('reading', 12_345);
    expect(terminal.text).toContain('reading 12,345');
    progress.stop();
    expect(terminal.text.endsWith('\r\u001b[K')).toBe(true);
  });

  it('shows a bar where it is known, safe from the name of a phase', async () => {
    const terminal = new Terminal();
    const progress = await createProgress(terminal, () => new Date(0));
    progress.update('in\u001b[2Jgest', 50, 100);
    progress.stop();
    expect(terminal.text).toContain('in\\x1b[2Jgest');
    expect(terminal.text).toContain('50%  50 of 100');
  });

  it('says how long a phase will still take once its pace is known, each phase anew', async () => {
    const terminal = new Terminal();
    let time = 0;
    const progress = await createProgress(terminal, () => new Date(time));
    progress.update('comparing', 0, 100);
    expect(terminal.text).not.toContain('left');
    time = 60_000;
    progress.update('comparing', 25, 100);
    progress.stop();
    expect(terminal.text).toContain('25 of 100, about 3m left');
    terminal.text = '';
    progress.update('judging', 1, 100);
    progress.stop();
    expect(terminal.text).not.toContain('left');
  });

  it('writes logs on a line of their own', async () => {
    const terminal = new Terminal();
    const progress = await createProgress(terminal, () => new Date(0));
    progress.update('reading', 1);
    progress.sink.write('a log\n');
    expect(terminal.text.endsWith('\r\u001b[Ka log\n')).toBe(true);
  });
});
