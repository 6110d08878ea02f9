import { z } from 'zod';
import { parseDuration } from '../model/duration.js';
import { parseJsonPath } from '../model/json-path.js';
import { cronProblem } from './cron.js';
import { decimalText } from './decimal.js';
import { hint } from './suggest.js';

/** The kinds of values that stand in a configuration, each with its message. */

/** A map with exactly these keys. The message of unknown keys has one line per key, in the order of the issue's `keys`. */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown key${hint(key, known)}`).join('\n')
        : undefined,
  });
}

export const text = z.string().regex(/\S/, { error: 'must not be empty' });

export const count = (least: number) => z.int().min(least);

export const duration = z
  .string({ error: 'must be a duration such as 250ms, 1s, 15m, 2h or 7d' })
  .regex(/^\s*\d+(\.\d+)?(ms|s|m|h|d)\s*$/, { error: 'must be a duration such as 250ms, 1s, 15m, 2h or 7d' })
  .transform((value) => parseDuration(value) ?? 0)
  .refine((ms) => ms > 0, { error: 'must be longer than 0' })
  .refine((ms) => ms <= 3650 * 86_400_000, { error: 'must not be longer than 3650d' });

/** One text, or a list of at least `least` texts without repetition; always a list afterwards. */
export const textOrList = (what: string, least = 1) =>
  z
    .union([text, z.array(text).min(least, { error: 'must not be an empty list' })], {
      error: `must be ${what} or a list of them`,
    })
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .superRefine((values, context) => {
      for (const [index, value] of values.entries()) {
        if (values.indexOf(value) < index)
          context.addIssue({ code: 'custom', path: [index], message: `"${value}" stands twice` });
      }
    });

/** A name that needs no quotes in SQL, in lower case. Source of the length: PostgreSQL's NAMEDATALEN - 1. */
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;
const RESERVED = ['events', 'batch_events'];

export const identifier = z.string().regex(IDENTIFIER, {
  error: 'must be a SQL name: small letters, digits and _, not starting with a digit, 63 characters at the most',
});

const tableName = (of: string) =>
  z
    .string()
    .regex(IDENTIFIER, {
      error: `the name of a ${of} must be a SQL name: small letters, digits and _, not starting with a digit, 63 characters at the most`,
    })
    .refine((name) => !RESERVED.includes(name) && !name.startsWith('cutover_'), {
      error: 'this name is reserved: events, batch_events and names that start with cutover_ belong to cutover itself',
    });

export const pipelineName = tableName('pipeline');
export const viewName = tableName('view');

export const schemaName = identifier.refine(
  (name) => !['cutover', 'cutover_serving', 'information_schema', 'pg_catalog'].includes(name),
  {
    error: 'this schema is taken: choose another name',
  },
);

/** Columns that every event has besides the log's own. */
const EVENT_COLUMNS = [
  '_partition',
  '_offset',
  '_event_time',
  '_ingested_at',
  '_topic',
  '_key',
  '_value',
  '_headers',
  '_timestamp',
  '_error',
  '_raw',
];

export const eventColumn = text.refine((name) => !EVENT_COLUMNS.includes(name.toLowerCase()), {
  error: `this column name is reserved: ${EVENT_COLUMNS.join(', ')}`,
});

const TYPE =
  /^(text|boolean|integer|bigint|double|date|timestamp|timestamptz|json|bytes|decimal\((\d{1,2}),(\d{1,2})\))(\[\])?$/;

/** A declared column type, without spaces. Precision at most 38, as in DuckDB. */
export const columnType = z
  .string()
  .transform((value) => value.replace(/\s+/g, ''))
  .refine(
    (value) => {
      const match = TYPE.exec(value);
      if (match === null) return false;
      if (match[2] === undefined) return true;
      const precision = Number(match[2]);
      return precision >= 1 && precision <= 38 && Number(match[3]) <= precision;
    },
    {
      error:
        'must be text, boolean, integer, bigint, double, decimal(precision,scale), date, timestamp, timestamptz, json or bytes, or one of these with []',
    },
  );

export const memoryLimit = z
  .string({ error: 'must be an amount of memory such as 512MB or 4GB' })
  .regex(/^\d+(\.\d+)?\s*([KMGT]B|[KMGT]iB)$/, { error: 'must be an amount of memory such as 512MB or 4GB' });

export const cron = z.string().superRefine((value, context) => {
  const message = cronProblem(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** A day that exists, as text. */
export const day = z.string({ error: 'must be a day such as 2027-01-31' }).refine(
  (value) => {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
    const date = new Date(`${value}T00:00:00Z`);
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
  },
  { error: 'must be a day such as 2027-01-31' },
);

/** A moment with its offset from UTC, as a date. */
export const instant = z
  .string({ error: 'must be a moment such as 2026-01-31T00:00:00Z' })
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/, {
    error: 'must be a moment such as 2026-01-31T00:00:00Z, with its offset from UTC',
  })
  .refine((value) => !Number.isNaN(Date.parse(value)), { error: 'there is no such moment' });

export const partitionNumber = z.string().regex(/^\d{1,9}$/, { error: 'must be the number of a partition' });

/** A number above 0, given as a number or as decimal text. */
export const positiveDecimal = z
  .union([z.number(), z.string()], { error: 'must be a number above 0, such as 0.01' })
  .refine(
    (value) => {
      const plain = decimalText(String(value));
      return plain !== undefined && plain !== '0' && !plain.startsWith('-');
    },
    { error: 'must be a number above 0, such as 0.01' },
  );

const jsonPath = z.string({ error: 'must be a path such as $.items[*].at' }).superRefine((value, context) => {
  const path = parseJsonPath(value);
  if (typeof path === 'string') context.addIssue({ code: 'custom', message: path });
});

export const jsonPaths = z
  .union([jsonPath, z.array(jsonPath).min(1, { error: 'must not be an empty list' })], {
    error: 'must be a path such as $.items[*].at, or a list of them',
  })
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** A path that ends in `.sql`, or SQL itself. */
export const sql = text.refine((value) => value.trim().endsWith('.sql') || /\s/.test(value.trim()), {
  error: 'must be the path of a file that ends in .sql, or a SQL text',
});

export const modulePath = text.regex(/\.[cm]?[jt]s$/, {
  error: 'must be the path of a .js, .mjs, .cjs, .ts, .mts or .cts file',
});

/** SQL that stands in the configuration itself. */
export const sqlText = text.refine((value) => /\s/.test(value.trim()), {
  error: 'must be a query, such as SELECT ...',
});
