const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names that may stand for numbers, the first one for `from`. */
  readonly names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59, names: [] },
  { name: 'hour', from: 0, to: 23, names: [] },
  { name: 'day of month', from: 1, to: 31, names: [] },
  { name: 'month', from: 1, to: 12, names: MONTHS },
  { name: 'day of week', from: 0, to: 7, names: DAYS },
];

function numberOf(text: string, field: Field): number | undefined {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return field.from + named;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= field.from && number <= field.to ? number : undefined;
}

/** One item of a comma list: `*`, `n`, `a-b`, and with a step `*` + `/n` or `a-b/n`. */
function validItem(item: string, field: Field): boolean {
  const [range = '', step, ...more] = item.split('/');
  if (more.length > 0) return false;
  if (step !== undefined && !(/^\d{1,2}$/.test(step) && Number(step) >= 1)) return false;
  if (range === '*') return true;
  const [first = '', last, ...rest] = range.split('-');
  const from = numberOf(first, field);
  if (from === undefined || rest.length > 0) return false;
  if (last === undefined) return step === undefined;
  const to = numberOf(last, field);
  return to !== undefined && from <= to;
}

/** What is wrong with a five-field cron expression (minute, hour, day of month, month, day of week); undefined when nothing is. */
export function cronProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return 'must have five fields: minute, hour, day of month, month, day of week (for example "*/15 * * * *")';
  }
  for (const [index, field] of FIELDS.entries()) {
    const part = parts[index] ?? '';
    if (!part.split(',').every((item) => validItem(item, field))) {
      return `"${part}" is not a valid ${field.name} (${field.from}-${field.to}, *, lists, ranges and steps)`;
    }
  }
  return undefined;
}
