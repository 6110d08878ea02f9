import { CutoverError, type ErrorPlace } from '../model/errors.js';
import type { Pipeline, SchemaNames, SourceText } from '../model/project.js';
import type { View } from '../model/view.js';
import type { Store } from '../store/contract.js';
import { withAncestors } from './environment.js';
import { reachesAround } from './job-sql-postgres.js';
import { refuseStatement, refuseTextAsSql, refuseWrites, type JobPart } from './job-statements.js';
import { splitStatements, type Statement } from './sql-script.js';
import { aliasesOf, declares, namesRelation, tokensOf, type Token } from './sql-tokens.js';

/** A text of SQL of a pipeline or a view, and what it may not name. */
interface Job {
  readonly name: string;
  readonly part: JobPart;
  readonly source: SourceText;
  readonly schemas: SchemaNames;
  /** Pipelines that it does not read by `after`; of a view: all views. */
  readonly others: ReadonlySet<string>;
  /** Pipelines and views: what readers see is neither side's. */
  readonly served: ReadonlySet<string>;
  readonly store: Store['kind'];
}

/** Schemas in which nothing of a job's own can stand, besides those that the configuration names. */
export const INTERNAL: readonly string[] = ['cutover', 'cutover_store', 'cutover_rebuild', 'cutover_replay'];

/** Temporary tables of cutover itself. */
const TEMPORARY = /^cutover_(?:chunk|result|changed|given_file|view_\w+)$/;

/**
 * Refuses, before anything of a job runs, what would make the comparison meaningless: a job that reads or writes tables of the other side or of
 * cutover itself (a batch job over the stream's table agrees with it always), one that reads another pipeline's table without `after` (it may stand
 * at another cut), and one that ends the transaction it runs in. Names are looked at, not resolved (`refuseForeignReads` does that where a statement runs):
 * `schema.table` with the name of such a schema is refused wherever `schema` is not an alias of the statement.
 * Errors: SQL_REACHES_ACROSS, SQL_FAILED; both with file and line.
 */
export function checkJobs(
  pipelines: readonly Pipeline[],
  schemas: SchemaNames,
  store: Store['kind'],
  views: readonly View[] = [],
): void {
  const served = servedNames(pipelines, views);
  for (const pipeline of pipelines) {
    const read = new Set(withAncestors(pipelines, [pipeline.name]).map(({ name }) => name));
    const others = new Set(pipelines.flatMap(({ name }) => (read.has(name) ? [] : [name.toLowerCase()])));
    const { batch, stream } = pipeline;
    const texts: [JobPart, SourceText | undefined][] = [
      ['batch', batch.kind === 'sql' ? batch.sql : undefined],
      ['stream', stream.kind === 'sql' ? stream.sql : undefined],
      ['setup', stream.kind === 'external' ? undefined : stream.setup],
    ];
    for (const [part, source] of texts) {
      if (source !== undefined) checkText({ name: pipeline.name, part, source, schemas, others, served, store });
    }
  }
}

/**
 * The same for the query of a view, before it runs. It reads served names: tables of one side would give it rows that no canary moves, and the table of a view
 * rows of another moment. Errors: SQL_REACHES_ACROSS, SQL_FAILED; both with file and line.
 */
export function checkView(
  { name, sql }: View,
  views: readonly View[],
  pipelines: readonly Pipeline[],
  schemas: SchemaNames,
  store: Store['kind'],
): void {
  const others = new Set(views.map((one) => one.name));
  checkText({ name, part: 'view', source: sql, schemas, others, served: servedNames(pipelines, views), store });
}

function servedNames(pipelines: readonly Pipeline[], views: readonly View[]): ReadonlySet<string> {
  return new Set([...pipelines, ...views].map(({ name }) => name.toLowerCase()));
}

function checkText(job: Job): void {
  for (const statement of splitStatements(job.source.text)) {
    const tokens = tokensOf(statement.text);
    const at = (index: number): ErrorPlace => placeOf(job.source, statement, index);
    if (job.store === 'postgres') refuseWaysAround(job, tokens, at);
    refuseStatement(job.part, tokens, at);
    if (job.part !== 'batch' && job.part !== 'view') refuseWrites(tokens, at);
    // The bodies of functions and blocks of code are texts for the store, and SQL all the same.
    for (const part of [tokens, ...tokens.map(({ text, index }) => bodyTokens(text, index))]) {
      refuseTextAsSql(part, at);
      refuseForeignNames(job, part, at);
      refuseOtherEvents(job, part, at);
    }
  }
}

/** Tokens of a text in dollar quotes; none for everything else. */
function bodyTokens(text: string, index: number): Token[] {
  const quote = /^\$[^$]*\$/.exec(text)?.[0];
  if (quote === undefined) return [];
  return tokensOf(text.slice(quote.length, -quote.length)).map((token) => ({
    ...token,
    index: token.index + index + quote.length,
  }));
}

function refuseWaysAround({ part, name }: Job, tokens: readonly Token[], at: (index: number) => ErrorPlace): void {
  const refused = reachesAround(tokens);
  if (refused === null) return;
  throw new CutoverError(
    'SQL_REACHES_ACROSS',
    `the ${part} SQL of ${name} may not use ${refused.what}`,
    refused.remedy,
    { place: at(refused.index) },
  );
}

/** Schemas of which a job may name none, in lower case. */
export function reservedSchemas({ batch, stream }: SchemaNames): ReadonlySet<string> {
  return new Set([...INTERNAL, batch, stream].map((name) => name.toLowerCase()));
}

function refuseForeignNames(job: Job, tokens: readonly Token[], at: (index: number) => ErrorPlace): void {
  const { schemas, part, name } = job;
  const reserved = reservedSchemas(schemas);
  const aliases = aliasesOf(tokens);
  for (const [i, token] of tokens.entries()) {
    if (token.name === null || tokens[i - 1]?.text === '.') continue;
    const place = at(token.index);
    const qualified = tokens[i + 1]?.text === '.' ? tokens[i + 2] : undefined;
    const relation = namesRelation(tokens, i);
    const moved = reserved.has(token.name) && tokens[i - 1]?.text.toUpperCase() === 'SCHEMA';
    const foreign =
      typeof qualified?.name === 'string'
        ? (reserved.has(token.name) && (relation || !aliases.has(token.name))) ||
          (relation && token.name === schemas.served.toLowerCase() && job.served.has(qualified.name))
        : relation && TEMPORARY.test(token.name);
    if (foreign || moved) {
      throw new CutoverError(
        'SQL_REACHES_ACROSS',
        `the ${part} SQL of ${name} names what belongs to ${part === 'view' ? 'one side' : 'the other side'} or to cutover itself: ${token.text}${qualified === undefined ? '' : `.${qualified.text}`}`,
        part === 'view'
          ? 'Name pipelines without a schema: a view reads what readers of that name read.'
          : 'Name tables without a schema: a job finds those of its own side (and, with `after`, those of the pipelines it reads).',
        { place },
      );
    }
    if (relation && qualified === undefined && job.others.has(token.name) && !declares(tokens, token.name)) {
      if (part === 'view') throw readsView(name, token.text, place);
      throw new CutoverError(
        'SQL_REACHES_ACROSS',
        `the ${part} SQL of ${name} names the pipeline ${token.text}, which it is not \`after\`: its table may stand at another cut`,
        `Add \`after: [${token.name}]\` to pipelines.${name}.`,
        { place },
      );
    }
  }
}

/** A view over a view would show another moment than the one it names, and over itself its own last rows. */
export function readsView(name: string, other: string, place: ErrorPlace): CutoverError {
  return new CutoverError(
    'SQL_REACHES_ACROSS',
    `the view SQL of ${name} reads the view ${other === name ? 'itself' : other}: views read pipelines`,
    'Write that query into this one, from the pipelines it reads.',
    { place },
  );
}

/** The events have one name in batch jobs and another in stream jobs; the wrong one would only say that a table does not exist. */
function refuseOtherEvents(
  { part, name: owner }: Job,
  tokens: readonly Token[],
  at: (index: number) => ErrorPlace,
): void {
  const wrong = part === 'batch' ? ['batch_events'] : part === 'stream' ? ['events'] : ['events', 'batch_events'];
  const remedy = {
    batch: 'Read `events`.',
    stream: 'Read `batch_events`.',
    setup: 'Create tables only: the events come to the stream job.',
    view: 'Read pipelines by their names.',
  }[part];
  for (const [i, { name, index }] of tokens.entries()) {
    if (name === null || !wrong.includes(name) || tokens[i + 1]?.text === '.' || tokens[i - 1]?.text === '.') continue;
    if (!namesRelation(tokens, i) || declares(tokens, name)) continue;
    throw new CutoverError(
      'SQL_REACHES_ACROSS',
      `the ${part} SQL of ${owner} cannot read \`${name}\`, ${MEANING[name] ?? ''}`,
      remedy,
      { place: at(index) },
    );
  }
}

const MEANING: Readonly<Record<string, string>> = {
  events: 'which is what batch jobs read: all events up to a cut',
  batch_events: 'which is what stream jobs read: the events of one micro-batch',
};

function placeOf(source: SourceText, statement: Statement, index: number): ErrorPlace {
  const before = statement.text.slice(0, index).split('\n');
  const line = (source.firstLine ?? 1) - 1 + statement.line + before.length - 1;
  // The column of an inline text depends on its indentation in the YAML file.
  if (source.firstLine !== undefined) return { file: source.path, line };
  const indent = before.length === 1 ? statement.column - 1 : 0;
  return { file: source.path, line, column: (before.at(-1)?.length ?? 0) + 1 + indent };
}
