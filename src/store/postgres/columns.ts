import { CutoverError, messageOf } from '../../model/errors.js';
import type { Column, ColumnFamily } from '../../model/column.js';
import type pg from 'pg';
import type { Row } from '../contract.js';
import { familyOf } from './types.js';

interface Type {
  readonly name: string;
  readonly family: ColumnFamily;
}

/** What it needs of a session. */
interface Asked {
  query(sql: string): Promise<Row[]>;
  fields(sql: string): Promise<readonly pg.FieldDef[]>;
}

/** The columns of relations as one session sees them; types are asked for once. */
export class Columns {
  readonly #session: Asked;
  readonly #types = new Map<string, Type>();

  constructor(session: Asked) {
    this.#session = session;
  }

  /** Errors: TABLE_MISSING; those of a query that is wrong. */
  async of(relation: string): Promise<Column[]> {
    const fields = await this.#session
      .fields(`SELECT * FROM ${relation} AS cutover_relation LIMIT 0`)
      .catch((error: unknown) => {
        const missing = /^relation "[^"]*" does not exist/.exec(messageOf(error))?.[0];
        if (missing === undefined) throw error;
        throw new CutoverError(
          'TABLE_MISSING',
          missing,
          'Correct the name. The tables of both sides are created by the first `cutover run`.',
          {
            cause: error,
          },
        );
      });
    const wanted = fields.map(({ dataTypeID, dataTypeModifier }) => `${dataTypeID}:${dataTypeModifier}`);
    await this.#learn(wanted.filter((id) => !this.#types.has(id)));
    return fields.map(({ name }, i) => {
      const type = this.#types.get(wanted[i] ?? '');
      return { name, type: type?.name ?? 'text', family: type?.family ?? 'other' };
    });
  }

  async #learn(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const values = [...new Set(ids)].map((id) => `(${id.split(':').join(', ')})`);
    const rows = await this.#session.query(
      `SELECT v.oid || ':' || v.modifier AS id, format_type(v.oid, v.modifier) AS name,
              coalesce(b.typname, t.typname) AS base, coalesce(b.typtype, t.typtype) AS kind
       FROM (VALUES ${values.join(', ')}) AS v(oid, modifier)
       JOIN pg_type t ON t.oid = v.oid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype`,
    );
    for (const row of rows) {
      const kind = String(row['kind']);
      // An enum compares and prints as its label.
      const family: ColumnFamily = kind === 'e' ? 'text' : kind === 'c' ? 'struct' : familyOf(String(row['base']));
      this.#types.set(String(row['id']), { name: String(row['name']), family });
    }
  }
}
