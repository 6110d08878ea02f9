import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForStop } from './signals.js';

function setUp() {
  const source = new EventEmitter();
  const kills: string[] = [];
  const said: string[] = [];
  const stopping = listenForStop(
    source,
    (name) => kills.push(name),
    (text) => said.push(text),
  );
  return { source, kills, said, stopping };
}

describe('stopping', () => {
  it('is graceful at the first signal and at once at the second', () => {
    const { source, kills, said, stopping } = setUp();
    source.emit('SIGTERM');
    expect([stopping.signal.aborted, stopping.hardStop.aborted, kills, said.length]).toEqual([true, false, [], 1]);
    source.emit('SIGINT');
    expect([stopping.hardStop.aborted, kills]).toEqual([true, ['SIGINT']]);
  });

  it('sends itself the second signal, with no handler left to catch it', () => {
    const { source, kills } = setUp();
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(kills).toEqual(['SIGTERM']);
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });

  it('takes its handlers away', () => {
    const { source, stopping } = setUp();
    stopping.release();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});
