import { createRequire } from 'node:module';
import type { Logger as PinoLogger } from 'pino';
import type { Logger } from '../model/ports.js';
import { visible } from '../report/cells.js';
import { painter } from '../report/table/paint.js';
import type { Style } from '../report/table/paint.js';
import type { Sink } from './io.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Logs go to standard error: one readable line on a terminal, JSON lines (pino) otherwise. */
export function createLogger(
  sink: Sink,
  options: { readonly level: LogLevel; readonly color: boolean; readonly now: () => Date },
): Logger {
  if (sink.isTTY === true) return terminalLogger(sink, options);
  let made: PinoLogger | undefined;
  const at =
    (level: LogLevel) =>
    (facts: object, message: string): void => {
      if (RANK[level] < RANK[options.level]) return;
      made ??= jsonLogger(sink, options);
      made[level](facts, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function isPino(loaded: unknown): loaded is typeof import('pino') {
  return typeof loaded === 'function' && typeof Reflect.get(loaded, 'pino') === 'function';
}

/** Loaded with the first line: most commands write none. */
function jsonLogger(sink: Sink, options: { level: LogLevel; now: () => Date }): PinoLogger {
  const loaded: unknown = createRequire(import.meta.url)('pino');
  if (!isPino(loaded)) throw new Error('the package pino is not the one that cutover knows');
  return loaded.pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${options.now().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void sink.write(line) },
  );
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const STYLE: Readonly<Record<LogLevel, Style>> = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' };

/** `12:34:56 info message name=value name=value`. */
function terminalLogger(sink: Sink, options: { level: LogLevel; color: boolean; now: () => Date }): Logger {
  const paint = painter(options.color);
  const at =
    (level: LogLevel) =>
    (facts: object, message: string): void => {
      if (RANK[level] < RANK[options.level]) return;
      const time = paint(options.now().toISOString().slice(11, 19), 'dim');
      const details = Object.entries(facts).map(([name, value]) => paint(`${visible(name)}=${factText(value)}`, 'dim'));
      sink.write(`${[time, paint(level.padEnd(5), STYLE[level]), visible(message), ...details].join(' ')}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function factText(value: unknown): string {
  if (value instanceof Error) return visible(value.message);
  return visible(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'));
}
