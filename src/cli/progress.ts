import { grouped } from '../model/counts.js';
import type { Progress } from '../model/ports.js';
import { visible } from '../report/cells.js';
import type { Sink } from './io.js';
import { TimeLeft, timeLeftText } from './time-left.js';

/** Progress on a terminal: `sink` is for the logs, which must not be written into the middle of a bar. */
export interface TerminalProgress extends Progress {
  readonly sink: Sink;
  /** Takes the bar away. */
  stop(): void;
}

const CLEAR_LINE = '\r\u001b[K';

/** Redrawn at most this often, in milliseconds. */
const REDRAW = 100;

/**
 * A bar (cli-progress) where the total is known, with the time left as soon as the pace tells it; a running count where it is not.
 *
 * @param stream the terminal itself
 */
export async function createProgress(stream: NodeJS.WritableStream & Sink, now: () => Date): Promise<TerminalProgress> {
  const { default: cliProgress } = await import('cli-progress');
  const options = {
    stream,
    format: '  {phase} {bar} {percentage}%  {done} of {all}{left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    clearOnComplete: true,
    // A hidden cursor would stay hidden after a hard stop.
    hideCursor: false,
    fps: 1000 / REDRAW,
    // Nothing but `update` draws: a bar must not keep the process alive.
    forceRedraw: false,
  };
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;
  let counting = false;
  let drawn = 0;
  let phased: { readonly phase: string; readonly total: number; readonly left: TimeLeft } | undefined;

  const leftOf = (phase: string, done: number, total: number): string => {
    const time = now().getTime();
    if (phased?.phase !== phase || phased.total !== total)
      phased = { phase, total, left: new TimeLeft(total, done, time) };
    return timeLeftText(phased.left.after(done, time));
  };

  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    if (counting) stream.write(CLEAR_LINE);
    counting = false;
  };

  return {
    stop,
    sink: {
      isTTY: true,
      ...(stream.columns === undefined ? {} : { columns: stream.columns }),
      write: (text) => {
        if (bar !== undefined || counting) stream.write(CLEAR_LINE);
        return stream.write(text);
      },
    },
    update: (phase, done, total) => {
      if (total === undefined || total <= 0) {
        const time = now().getTime();
        bar?.stop();
        bar = undefined;
        if (counting && time - drawn < REDRAW) return;
        drawn = time;
        counting = true;
        stream.write(`${CLEAR_LINE}  ${visible(phase)} ${grouped(done)}`);
        return;
      }
      if (counting) stop();
      const payload = {
        phase: visible(phase),
        done: grouped(done),
        all: grouped(total),
        left: leftOf(phase, done, total),
      };
      if (bar === undefined) {
        bar = new cliProgress.SingleBar(options);
        bar.start(total, Math.min(done, total), payload);
      } else {
        bar.setTotal(total);
        bar.update(Math.min(done, total), payload);
      }
    },
  };
}
