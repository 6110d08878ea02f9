import { styleText } from 'node:util';
import type { AuditEntry, Route } from '../model/canary.js';
import type { Comparison } from '../model/comparison.js';
import type { GateResult } from '../model/gate.js';
import type { CanaryReport, RebuildResult } from '../model/results.js';
import { render } from '../report/render.js';

type Style = Parameters<typeof styleText>[0];

/** Tells what the demo does, in the words and pictures of the commands it stands for. */
export class DemoStory {
  readonly #out: (text: string) => void;
  readonly #color: boolean;
  readonly #width: number;
  readonly #started = performance.now();
  #scene = 0;

  constructor(options: { readonly out: (text: string) => void; readonly color: boolean; readonly width: number }) {
    this.#out = options.out;
    this.#color = options.color;
    this.#width = options.width;
  }

  opening(flights: number, directory: string): void {
    this.#line('');
    this.#line(
      `cutover demo: ${flights.toLocaleString('en-US')} real flights (US DOT, January 2001), a batch job and a stream job for delays by day and airport.`,
    );
    this.#line(this.#style('dim', `working in ${directory}`));
  }

  scene(title: string): void {
    this.#scene += 1;
    this.#line('');
    this.#line(this.#style('bold', `${this.#scene}. ${title}`));
  }

  command(text: string): void {
    this.#line(this.#style('cyan', `$ ${text}`));
  }

  comparison(comparison: Comparison, limit: number): void {
    this.#block(render(comparison, 'table', { color: this.#color, width: this.#width, limit }));
  }

  passed(comparison: Comparison): void {
    const { keys_compared: keys, matched, tolerated, timing } = comparison;
    const rest = tolerated === 0 ? '' : `, ${tolerated} within tolerance`;
    this.#line(
      `${this.#style('green', 'PASS')} ${matched.toLocaleString('en-US')} of ${keys.toLocaleString('en-US')} keys equal${rest} (${timing.total} ms)`,
    );
  }

  gate(gate: GateResult, exitCode: number): void {
    this.#block(render(gate, 'table', { color: this.#color, width: this.#width, limit: 10 }));
    this.#line(String(exitCode));
  }

  rebuilt(result: RebuildResult): void {
    this.#line(
      `rebuilt ${result.pipelines.join(', ')} from ${result.events.toLocaleString('en-US')} landed events in ${result.took} ms`,
    );
  }

  acted(report: CanaryReport): void {
    this.#line(report.message);
  }

  status(report: CanaryReport): void {
    this.command(`cutover canary status ${report.pipeline}`);
    this.#block(render(report, 'table', { color: this.#color, width: this.#width, limit: 5 }));
  }

  rolledBack(entry: AuditEntry): void {
    this.#line(this.#style('red', `automatic rollback by "${entry.actor}": ${entry.reason ?? ''}`));
  }

  reads(routes: readonly { readonly text: string; readonly route: Route }[]): void {
    const shown = routes.map(({ text, route }) => {
      const words = `${text.replace('2001-01-01,', '')} ${route.side}`;
      return route.side === 'stream' ? this.#style('green', words) : this.#style('dim', words);
    });
    this.#line(`   2001-01-01 is read from: ${shown.join(' | ')}`);
  }

  closing(): void {
    this.#line('');
    this.#line(
      `Done in ${((performance.now() - this.#started) / 1000).toFixed(1)} s. Start your own: cutover init --template flights`,
    );
  }

  #block(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#line(line === '' ? '' : `   ${line}`);
  }

  #line(text: string): void {
    this.#out(`${text}\n`);
  }

  #style(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }
}
