import { CutoverError } from '../model/errors.js';
import type { Pipeline, SourceText } from '../model/project.js';
import type { SqlSession, TableRead } from '../store/contract.js';
import { withAncestors, type ShadowEnvironment } from './environment.js';
import { reservedSchemas } from './job-sql.js';
import { externalSide } from './sides.js';
import { sqlFailed, type Statement } from './sql-script.js';
import { tokensOf } from './sql-tokens.js';

export interface ReadingJob {
  readonly pipeline: Pipeline;
  readonly part: 'batch' | 'stream';
  readonly source: SourceText;
  readonly statement: Statement;
  /** The schema in which its side stands: a rebuild or a replay has one of its own. */
  readonly schema: string;
}

/** Where the view `events` leads. */
export const LANDING = { schema: 'cutover', name: 'landing' };

/**
 * Refuses a statement that would read what is not its side's, through a view or a function whose name says nothing of it: `checkJobs` looks at names only.
 * To be called where the statement is run, with its search path. Returns what it would read. Errors: SQL_REACHES_ACROSS, SQL_FAILED.
 */
export async function refuseForeignReads(
  env: Pick<ShadowEnvironment, 'store' | 'pipelines' | 'schemas'>,
  session: SqlSession,
  job: ReadingJob,
): Promise<readonly TableRead[]> {
  const { pipeline, part, source, statement } = job;
  if (!reads(statement)) return [];
  let tables: readonly TableRead[];
  try {
    tables = await env.store.dialect.tablesRead(session, statement.text);
  } catch (error) {
    throw sqlFailed(error, source, statement, 1);
  }
  const refuse = ({ schema, name }: TableRead, why: string, remedy: string): CutoverError =>
    new CutoverError(
      'SQL_REACHES_ACROSS',
      `the ${part} SQL of ${pipeline.name} reads ${schema}.${name}, ${why}`,
      remedy,
      {
        place: { file: source.path, line: (source.firstLine ?? 1) - 1 + statement.line },
      },
    );
  const reserved = reservedSchemas(env.schemas);
  const upstream = new Set(withAncestors(env.pipelines, [pipeline.name]).map(({ name }) => name));
  const other = externalSide(pipeline, part === 'batch' ? 'stream' : 'batch')?.table;
  for (const table of tables) {
    if (table.schema === other?.schema && table.name === other.name) {
      throw refuse(
        table,
        'which is the other side',
        'Read tables of its own side: such a comparison would agree with itself.',
      );
    }
    if (table.schema === job.schema) {
      if (part === 'batch' && table.name === pipeline.name) {
        throw refuse(
          table,
          'which is its own last result: what it gives would depend on how often it ran',
          'Compute the result from `events`.',
        );
      }
      if (upstream.has(table.name) || !env.pipelines.some(({ name }) => name === table.name)) continue;
      throw refuse(
        table,
        'which it is not `after`: that table may stand at another cut',
        `Add \`after: [${table.name}]\` to pipelines.${pipeline.name}.`,
      );
    }
    const events = part === 'batch' && table.schema === LANDING.schema && table.name === LANDING.name;
    if (!events && reserved.has(table.schema.toLowerCase())) {
      throw refuse(
        table,
        'which belongs to the other side or to cutover itself, through a view or a function',
        'Read tables of its own side: such a comparison would agree with itself.',
      );
    }
  }
  return tables;
}

/** Whether a statement reads tables when it is run. One that defines a table reads those of its query. */
function reads(statement: Statement): boolean {
  const tokens = tokensOf(statement.text);
  const words = tokens.map(({ text }) => text.toUpperCase());
  if (words[0] !== 'CREATE') return READING.has(words[0] ?? '');
  if (!words.slice(1, 6).includes('TABLE')) return false;
  let depth = 0;
  return words.some((word) => {
    if (word === '(') depth++;
    else if (word === ')') depth--;
    return depth === 0 && word === 'AS';
  });
}

const READING = new Set([
  ...['SELECT', 'WITH', 'FROM', 'TABLE', 'VALUES', 'PIVOT', 'UNPIVOT', '('],
  ...['INSERT', 'UPDATE', 'DELETE', 'MERGE'],
]);
