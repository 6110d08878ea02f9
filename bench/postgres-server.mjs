/** A database for a bench: on the server of DATABASE_URL, else on one of its own that the tests' parts start. It goes when the work ends. */
import { createJiti } from 'jiti';
import pg from 'pg';

export async function withDatabase(work) {
  const given = process.env.DATABASE_URL ?? '';
  const parts = await createJiti(import.meta.url).import('../test/parts/postgres.ts');
  const server = given === '' ? await parts.startLocalPostgres() : undefined;
  try {
    const url = await parts.createDatabase(server?.url ?? given);
    try {
      await work(url);
    } finally {
      if (given !== '') await drop(given, new URL(url).pathname.slice(1));
    }
  } finally {
    await server?.stop();
  }
}

async function drop(url, database) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP DATABASE ${database} WITH (FORCE)`);
  await client.end();
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
