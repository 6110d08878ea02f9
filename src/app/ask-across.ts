import type { PreparedSide, PreparedSides, SideName } from './across-sides.js';
import type { ComparedColumn } from '../diff/compared-column.js';
import { askSide, type SideAnswers, type SideQuestions } from '../diff/profile-base.js';

/**
 * Asks the store of a side about all of its rows, in the snapshot in which it was digested. What the store has in another form than what arrived of it is not asked,
 * and answered by what tells nothing: NaN rows, no range, no sum.
 */
export async function askOwnStore(
  sides: PreparedSides,
  name: SideName,
  questions: SideQuestions,
): Promise<SideAnswers> {
  const prepared = sides[name];
  const { side } = prepared;
  const traits = questions.traits.map(({ column, trait }) => ({ column: ownColumn(column, name, prepared), trait }));
  const ranges = questions.ranges.map((column) => ownColumn(column, name, prepared));
  const sums = questions.sums.map((column) => ownColumn(column, name, prepared));
  const known = traits.flatMap(({ column, trait }) => (column === null ? [] : [{ column, trait }]));
  const ask = (): Promise<SideAnswers> =>
    askSide(
      side.session,
      side.dialect,
      { side: name, relation: side.relation, filter: side.filter, unique: side.unique },
      { traits: known, ranges: ranges.filter(isKnown), sums: sums.filter(isKnown) },
    );
  const found = await (prepared.sent === null ? ask() : withinSavepoint(prepared, ask));
  return {
    rows: found.rows,
    traits: filled(traits, ({ column }) => column !== null, found.traits, Number.NaN),
    ranges: filled(ranges, isKnown, found.ranges, { from: null, to: null }),
    sums: filled(sums, isKnown, found.sums, null),
  };
}

function isKnown(column: ComparedColumn | null): column is ComparedColumn {
  return column !== null;
}

function ownColumn(column: ComparedColumn, name: SideName, { own }: PreparedSide): ComparedColumn | null {
  const arrived = column[name];
  const stored = own.get(arrived.name);
  return stored?.family === arrived.family ? { ...column, [name]: stored } : null;
}

/** The answers to those questions that were asked, in the places of all. */
function filled<Q, A>(
  questions: readonly Q[],
  asked: (question: Q) => boolean,
  answers: readonly A[],
  nothing: A,
): A[] {
  let next = 0;
  return questions.map((question) => {
    if (!asked(question)) return nothing;
    const answer = answers[next] ?? nothing;
    next += 1;
    return answer;
  });
}

/** PostgreSQL gives a whole transaction up for a statement that fails, and no comparison hangs on what is asked here. */
async function withinSavepoint<T>({ side: { session } }: PreparedSide, work: () => Promise<T>): Promise<T> {
  await session.script('SAVEPOINT cutover_asked');
  try {
    const found = await work();
    await session.script('RELEASE SAVEPOINT cutover_asked');
    return found;
  } catch (error) {
    await session.script('ROLLBACK TO SAVEPOINT cutover_asked').catch(() => undefined);
    throw error;
  }
}
