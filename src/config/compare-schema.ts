import { z } from 'zod';
import * as value from './values.js';
import { strict } from './values.js';

const rule = strict({
  absolute: value.positiveDecimal.optional().describe('Largest absolute difference that is tolerated.'),
  relative: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('Largest difference, relative to the larger magnitude, that is tolerated.'),
  round: z
    .int()
    .min(-38)
    .max(38)
    .optional()
    .describe('Numbers that are equal when rounded to so many digits after the point are tolerated.'),
  within: value.duration
    .optional()
    .describe('Largest distance of two times that is tolerated, such as 2s; of dates: whole days.'),
  ignore: z.boolean().optional().describe('Leave this column out of the comparison.'),
  null_equals: z.enum(['zero', 'empty']).optional().describe('NULL counts as 0 (zero) or as the empty text (empty).'),
  set: z.boolean().optional().describe('Compare lists as sets: order and repetition do not count.'),
  case: z
    .literal('ignore', { error: 'must be ignore, or be left out' })
    .optional()
    .describe('ignore: texts that differ only in upper and lower case are tolerated.'),
  whitespace: z
    .enum(['trim', 'collapse'])
    .optional()
    .describe(
      'Texts that differ only in white space at their ends (trim), or also between words (collapse), are tolerated.',
    ),
  ignore_paths: value.jsonPaths
    .optional()
    .describe('JSON values that differ only at these paths, such as $.items[*].at, are tolerated.'),
  because: value.text
    .optional()
    .describe(
      'Why the difference is acceptable. Needed with ignore, absolute, relative, round, within and ignore_paths.',
    ),
  until: value.day.optional().describe('Last day on which the rule holds; not for null_equals and set.'),
});

/** How the two sides of a pipeline are compared. */
export const compare = strict({
  columns: z
    .record(value.text, rule)
    .default({})
    .describe('Rules by column, or by pattern such as *_at; a column without a rule must be equal.'),
  where: z
    .union(
      [
        value.text,
        strict({
          batch: value.text.optional().describe('Predicate for the batch side.'),
          stream: value.text.optional().describe('Predicate for the stream side.'),
        }).refine(({ batch: one, stream: other }) => one !== undefined || other !== undefined, {
          error: 'must have batch, stream or both',
        }),
      ],
      { error: 'must be a SQL predicate, or a map with batch and stream' },
    )
    .transform((given) => (typeof given === 'string' ? { batch: given, stream: given } : given))
    .optional()
    .describe('Compare only rows for which this SQL predicate over the columns is true.'),
  map: z
    .record(value.text, value.text)
    .optional()
    .describe('Columns that have another name on the stream side: name on the batch side to name on the stream side.'),
  incremental: z
    .union(
      [
        z.boolean(),
        strict({
          full_every: value.duration.prefault('24h').describe('How often all rows are read and compared all the same.'),
        }),
      ],
      { error: 'must be true or false, or a map with full_every' },
    )
    .optional()
    .describe('PostgreSQL only: keep digests of both sides by triggers, and read only the rows that differ by them.'),
  profile: z
    .union(
      [
        z.boolean(),
        strict({
          sums: z.boolean().default(false).describe('Also compare the sums of every column of numbers.'),
        }),
      ],
      { error: 'must be true or false, or a map with sums' },
    )
    .default(true)
    .describe('Say what the differences have in common.'),
});

export type RuleInput = z.output<typeof rule>;
