import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFixture } from './event-log.js';
import { RelationReader, eventLogSuite } from './event-log.js';
import { openFileLog } from '../../src/log/file/open.js';
import type { FileFormat } from '../../src/model/project.js';
import { silentLogger } from '../../src/model/ports.js';

const ROWS = Array.from({ length: 23 }, (_, index) => ({
  id: `e${index}`,
  amount: index % 5 === 0 ? null : `${index}.50`,
  at: `2024-01-01 00:${String(index).padStart(2, '0')}:00+00`,
  note: ['plain', 'two\nlines', 'a "quoted" one', 'comma, and é😀', ''][index % 5] ?? '',
}));

const COLUMNS = [
  { name: 'id', type: 'text' },
  { name: 'amount', type: 'decimal(18,2)' },
  { name: 'at', type: 'timestamptz' },
  { name: 'note', type: 'text' },
];

const WRITERS: Readonly<Record<FileFormat, (path: string, rows: typeof ROWS) => Promise<void>>> = {
  async csv(path, rows) {
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const lines = rows.map((row) => `${row.id},${row.amount ?? ''},${row.at},${quote(row.note)}\r\n`);
    await writeFile(path, `id,amount,at,note\r\n${lines.join('')}`);
  },
  async ndjson(path, rows) {
    await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  },
  async parquet(path, rows) {
    const reader = await RelationReader.open();
    const text = (value: string | null): string => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`);
    const values = rows.map((row) => `(${text(row.id)}, ${text(row.amount)}, ${text(row.at)}, ${text(row.note)})`);
    await reader.rows(
      `COPY (SELECT id, amount::DECIMAL(18,2) AS amount, "at"::TIMESTAMPTZ AS "at", note FROM (VALUES ${values.join(', ')}) ` +
        `AS t(id, amount, "at", note)) TO '${path}' (FORMAT parquet)`,
    );
    reader.close();
  },
};

function fixture(format: FileFormat, declared: boolean): () => Promise<LogFixture> {
  return async () => {
    const root = await mkdtemp(join(tmpdir(), 'file-log-'));
    await mkdir(join(root, 'in'));
    await WRITERS[format](join(root, 'in', `a.${format}`), ROWS.slice(0, 16));
    await WRITERS[format](join(root, 'in', `b.${format}`), ROWS.slice(16));
    const config = {
      kind: 'file' as const,
      paths: [join(root, 'in', `*.${format}`)],
      eventTime: 'at',
      ...(declared ? { schema: COLUMNS } : {}),
    };
    return {
      open: () => openFileLog(config, root, join(root, 'tmp'), silentLogger),
      columns: COLUMNS,
      types: ['VARCHAR', 'DECIMAL(18,2)', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR'],
      events: ROWS.map((row, index) => ({
        partition: `in/${index < 16 ? 'a' : 'b'}.${format}`,
        offset: index < 16 ? index : index - 16,
        values: row,
        eventTime: row.at,
      })),
      remove: () => rm(root, { recursive: true }),
    };
  };
}

eventLogSuite('file log, Parquet with declared columns', fixture('parquet', true));
eventLogSuite('file log, Parquet', fixture('parquet', false));
eventLogSuite('file log, CSV', fixture('csv', true));
eventLogSuite('file log, NDJSON', fixture('ndjson', true));
