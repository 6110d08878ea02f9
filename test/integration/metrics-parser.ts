export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"`;
const SAMPLE = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)(?:\{(${LABEL}(?:,${LABEL})*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
);

/**
 * The samples of a text in the format of Prometheus, read strictly: each family once, with HELP and TYPE before its samples and nothing between them, every line
 * ended, no sample twice, finite values.
 */
export function samplesOf(text: string): Sample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is not ended');
  const samples: Sample[] = [];
  const families = new Set<string>();
  const seen = new Set<string>();
  let helped = '';
  let family = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const [, help] = /^# HELP (\S+) \S.*$/.exec(line) ?? [];
    const [, typed] = /^# TYPE (\S+) gauge$/.exec(line) ?? [];
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`the family ${help} stands twice`);
      helped = help;
      families.add(help);
      continue;
    }
    if (typed !== undefined) {
      if (typed !== helped) throw new Error(`TYPE of ${typed} after HELP of ${helped}`);
      family = typed;
      continue;
    }
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === '' || name !== family) throw new Error(`not a sample of ${family}: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    samples.push({ name, labels: labelsOf(labels), value: Number(value) });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(new RegExp(LABEL, 'g'))].map(([pair]): [string, string] => {
    const at = pair.indexOf('=');
    const value = pair.slice(at + 2, -1).replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    return [pair.slice(0, at), value];
  });
  return Object.fromEntries(pairs);
}

/** The value of the sample with exactly these labels; undefined where there is none. */
export function sampleOf(samples: readonly Sample[], name: string, labels: Sample['labels']): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  return samples.find((one) => one.name === name && JSON.stringify(Object.entries(one.labels).sort()) === wanted)
    ?.value;
}
