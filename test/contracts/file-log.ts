import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { EventLog } from '../../src/log/contract.js';
import { openFileLog } from '../../src/log/file/open.js';
import { silentLogger, type Logger } from '../../src/model/ports.js';
import type { DeclaredColumn, FileLogConfig } from '../../src/model/project.js';
import { Consumer, RelationReader } from './event-log.js';

/** Logs of the files below `in`, in a folder whose name is a pattern too. */
class FileLogs {
  root = '';
  readonly #opened: EventLog[] = [];
  #reader: RelationReader | undefined;

  get reader(): RelationReader {
    if (this.#reader === undefined) throw new Error('the suite has not begun');
    return this.#reader;
  }

  async begin(): Promise<void> {
    this.#reader = await RelationReader.open();
  }

  end(): void {
    this.#reader?.close();
  }

  async make(): Promise<void> {
    this.root = await mkdtemp(join(tmpdir(), 'file-log (1)-'));
  }

  async remove(): Promise<void> {
    for (const log of this.#opened.splice(0)) await log.close();
    await rm(this.root, { recursive: true });
  }

  async put(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  /** @param schema declared types by the columns' names; null: those of the files */
  async open(
    schema: Readonly<Record<string, string>> | null,
    { logger = silentLogger, ...options }: Partial<Omit<FileLogConfig, 'schema'>> & { readonly logger?: Logger } = {},
  ): Promise<EventLog> {
    const columns: DeclaredColumn[] = Object.entries(schema ?? {}).map(([name, type]) => ({ name, type }));
    const config: FileLogConfig = {
      kind: 'file',
      paths: [join(this.root, 'in/**')],
      ...options,
      ...(schema === null ? {} : { schema: columns }),
    };
    const log = await openFileLog(config, this.root, join(this.root, 'tmp'), logger);
    this.#opened.push(log);
    return log;
  }

  readAll(log: EventLog, maxEvents = 1000): ReturnType<Consumer['drain']> {
    return new Consumer(this.reader).drain(log, maxEvents);
  }
}

/** An empty folder for each test of the suite in which it is called. */
export function fileLogs(): FileLogs {
  const logs = new FileLogs();
  beforeAll(() => logs.begin());
  afterAll(() => logs.end());
  beforeEach(() => logs.make());
  afterEach(() => logs.remove());
  return logs;
}
