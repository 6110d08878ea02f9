import type { DiffContext, KeepOptions } from './diff-options.js';
import { inputOf, type Placed, type PlaceRequest } from './diff-place.js';
import { Sides, WORKSPACE, type OpenSide } from './diff-sides.js';
import { compareTables } from '../diff/compare.js';
import type { DiffInput, DiffOutcome } from '../diff/input.js';
import { keptPairOf } from '../diff/kept.js';
import { parseEndpoint } from '../model/endpoint.js';
import { CutoverError } from '../model/errors.js';
import type { ColumnRule } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import type { KeptDigests } from '../store/contract/kept.js';
import { inSnapshot } from './diff-across.js';

const CHECK_EVERY = 24 * 60 * 60_000;

/** By the tables alone: a pair has one set of digests, which other rules or another key have built anew. */
function nameOf(left: string, right: string): string {
  return `diff:${left} ${right}`;
}

/**
 * Compares two tables of one PostgreSQL database by digests that triggers keep; makes them where there are none. Errors: USAGE where they cannot be of use,
 * STORE_RIGHTS with the SQL that is needed, DIGESTS_UNSUPPORTED, DIGESTS_DISAGREE, those of `compareTables`.
 */
export async function compareKept(context: DiffContext, request: PlaceRequest, options: KeepOptions): Promise<Placed> {
  const { left, right } = request;
  const digests = requireKeepable(request);
  const { session, dialect } = left;
  const name = nameOf(left.relation, right.relation);
  const whole = wholeInput(request);
  const install = async (): Promise<string[]> => {
    await requireRights(left, right);
    context.progress.update('building digests', 0);
    const pair = await keptPairOf(session, dialect, name, whole.input);
    await writing(session, () => digests.install(session, pair, context.clock.now())).catch((error: unknown) => {
      throw inWordsOfDiff(error);
    });
    const record = await digests.find(session, name);
    if (record === null) return [];
    const { madeFor } = await import('../store/postgres/kept/footprint.js');
    return madeFor(record, whole.input).map((made) => `made in the database: ${made}`);
  };
  const made = (await digests.find(session, name)) === null ? await install() : [];
  const kept: DiffInput['kept'] = {
    digests,
    name,
    now: context.clock.now(),
    fullEvery: options.checkEvery ?? CHECK_EVERY,
    check: options.check === true,
    anew: 'the same command with --keep-check',
  };
  let outcome: DiffOutcome;
  try {
    outcome = await inSnapshot(session, () =>
      compareTables(session, dialect, { ...whole.input, kept, readOnly: true }),
    );
  } catch (error) {
    throw await disagreed(error, request, digests, name);
  }
  const { kept: became, notes, ...found } = outcome;
  const after: string[] = [];
  if (became?.outdated === true) after.push(...(await install()));
  else if (became !== undefined && became.how !== 'unusable') {
    const record = await digests.find(session, name);
    if (record !== null)
      await writing(session, async () => {
        if (became.how === 'checked') await digests.save(session, record, { checkedAt: context.clock.now() });
        await digests.compact(session, record);
      });
  }
  return {
    outcome: { ...found, notes: notes.filter((note) => !whole.said.some((said) => note.startsWith(said))) },
    place: 'one_store',
    reason:
      became?.how === 'unusable'
        ? 'both tables are in one database'
        : 'both tables are in one database, where triggers keep digests of them',
    alignment: {
      method: 'snapshot',
      exact: true,
      detail: 'both tables and their digests in one snapshot of their database (repeatable read, read only)',
    },
    notes: [...request.common.notes, ...made, ...after],
    lossy: [],
    pull: 0,
  };
}

/** Removes what `--keep` made for two tables; says what that was. Errors: those of the endpoints. */
export async function forgetKept(
  context: DiffContext,
  { left: leftText, right: rightText }: { readonly left: string; readonly right: string },
): Promise<string[]> {
  const sides = new Sides(context, { left: leftText, right: rightText });
  try {
    const left = await sides.open(parseEndpoint(leftText), 'left');
    const right = await sides.open(parseEndpoint(rightText), 'right');
    const digests = requireKept(left, right);
    const { session } = left;
    const { dropUnused, madeFor } = await import('../store/postgres/kept/footprint.js');
    const removed: string[] = [];
    for (const [a, b] of [
      [left.relation, right.relation],
      [right.relation, left.relation],
    ] as const) {
      const record = await digests.find(session, nameOf(a, b));
      if (record === null || !(await writing(session, () => digests.drop(session, record.name)))) continue;
      removed.push(...madeFor(record, { batch: a, stream: b }));
    }
    return removed.length === 0 ? [] : [...removed, ...(await writing(session, () => dropUnused(session)))];
  } finally {
    await sides.close();
  }
}

/** Everything else that a comparison of two tables does is read only. */
async function writing<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.script('SET default_transaction_read_only = off');
  try {
    return await work();
  } finally {
    // Of a connection that is lost the first error is to be told.
    await session.script('SET default_transaction_read_only = on').catch(() => undefined);
  }
}

function requireKept(left: OpenSide, right: OpenSide): KeptDigests {
  const digests = left.dialect.kept;
  if (left.home !== right.home || left.home === WORKSPACE || digests === null)
    throw new CutoverError(
      'USAGE',
      '--keep has triggers keep digests of two tables of one PostgreSQL database, and these are not',
      'Leave --keep out.',
    );
  const query = [left, right].find(({ relation }) => relation.startsWith('('));
  if (query !== undefined)
    throw new CutoverError(
      'USAGE',
      `digests are kept of tables, and the ${query.name} is a query`,
      'Name two tables, or leave --keep out.',
    );
  return digests;
}

function requireKeepable({ left, right, where, input }: PlaceRequest): KeptDigests {
  const digests = requireKept(left, right);
  if (where.batch !== undefined || where.stream !== undefined || input.sample !== undefined)
    throw new CutoverError(
      'USAGE',
      'digests are kept of all rows: they say nothing of those that --where or --sample take',
      'Leave --keep out, or compare all rows.',
    );
  return digests;
}

/** The tables themselves, not queries over them: the columns that are not compared are ignored by rules. Also: what is then noted, and was said before. */
function wholeInput(request: PlaceRequest): { input: DiffInput; said: readonly string[] } {
  const { left, right, common, input } = request;
  const [lefts, rights] = [new Set(common.pairs.map(([l]) => l)), new Set(common.pairs.map(([, r]) => r))];
  const mapped = new Map(common.pairs.flatMap(([l, r]) => (l === r ? [] : [[l, r] as const])));
  const apart = [
    ...left.columns.filter(({ name }) => !lefts.has(name)),
    ...right.columns.filter(({ name }) => !rights.has(name) && !lefts.has(name)),
  ].map(({ name }) => name);
  const ignored = new Map<string, ColumnRule>(apart.map((name) => [name, { ignore: true }]));
  return {
    input: {
      ...inputOf(request, left, right),
      batch: left.relation,
      stream: right.relation,
      rules: {
        ...input.rules,
        columns: { ...input.rules.columns, ...Object.fromEntries(ignored) },
        ...(mapped.size === 0 ? {} : { map: Object.fromEntries(mapped) }),
      },
    },
    said: apart.map((name) => `column ${name} is ignored by its rule`),
  };
}

async function requireRights(left: OpenSide, right: OpenSide): Promise<void> {
  const { missingRights } = await import('../store/postgres/kept/rights.js');
  const missing = await missingRights(left.session, [left.relation, right.relation]);
  if (missing.length === 0) return;
  throw new CutoverError(
    'STORE_RIGHTS',
    `to have digests kept of ${left.relation} and ${right.relation} the user lacks the right ${missing.map(({ what }) => what).join(', ')}`,
    `Have an owner or superuser run: ${missing.map(({ sql }) => sql).join(' ')} Or leave --keep out.`,
  );
}

function inWordsOfDiff(error: unknown): unknown {
  if (!(error instanceof CutoverError) || error.code !== 'DIGESTS_UNSUPPORTED') return error;
  return new CutoverError(error.code, error.message, 'Leave --keep out: the tables are then compared in full.', {
    cause: error,
  });
}

/** Digests that were found wrong are used no more until somebody asks for it. */
async function disagreed(error: unknown, { left }: PlaceRequest, digests: KeptDigests, name: string): Promise<unknown> {
  if (!(error instanceof CutoverError) || error.code !== 'DIGESTS_DISAGREE') return error;
  const record = await digests.find(left.session, name);
  if (record !== null)
    await writing(left.session, () => digests.save(left.session, record, { disagreed: error.message }));
  return new CutoverError(
    error.code,
    error.message,
    'Comparisons since the last full check may have missed differences. From now on rows are compared in full; find out what wrote past the triggers (docs/incremental.md), then compare with --keep-check, which builds them anew.',
    { cause: error },
  );
}
