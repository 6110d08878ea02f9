import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForStop } from './signals.js';

function setUp() {
  const source = new EventEmitter();
  const exits: number[] = [];
  const said: string[] = [];
  const stopping = listenForStop(
    source,
    (code) => exits.push(code),
    (text) => said.push(text),
  );
  return { source, exits, said, stopping };
}

describe('stopping', () => {
  it('is graceful at the first signal and at once at the second', () => {
    const { source, exits, said, stopping } = setUp();
    source.emit('SIGTERM');
    expect([stopping.signal.aborted, stopping.hardStop.aborted, exits, said.length]).toEqual([true, false, [], 1]);
    source.emit('SIGINT');
    expect([stopping.hardStop.aborted, exits]).toEqual([true, [130]]);
  });

  it('exits with 143 after SIGTERM', () => {
    const { source, exits } = setUp();
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(exits).toEqual([143]);
  });

  it('takes its handlers away', () => {
    const { source, stopping } = setUp();
    stopping.release();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});
