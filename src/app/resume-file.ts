import { createHash } from 'node:crypto';
import { access, constants, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ChunksDone } from '../diff/chunks.js';
import { areSlices } from '../diff/slices.js';
import { CutoverError, messageOf } from '../model/errors.js';

const SCHEMA = 'cutover.resume/v1';

/** What a comparison in chunks needs to go on where it was. */
export interface ResumeState {
  /** Of what was asked, by part, a hash of each: a query may hold a password. */
  readonly question: Readonly<Record<string, string>>;
  /** Of what was read, a hash: files by size and time, tables by the server's own numbers. */
  readonly sources: Readonly<Record<'left' | 'right', string>>;
  /** YYYY-MM-DD: the day by which rules with an end hold. */
  readonly today: string;
  readonly done: ChunksDone;
}

/** The file in which a long comparison keeps how far it is. It holds differing rows, and may be read by its owner only. */
export class ResumeFile {
  /** As it was given. */
  readonly shown: string;
  readonly #path: string;

  constructor(path: string, shown: string) {
    this.#path = path;
    this.shown = shown;
  }

  /** What an earlier run left; null: there is no file. Errors: RESUME_DAMAGED, USAGE when no file could be written there. */
  async load(): Promise<ResumeState | null> {
    await access(dirname(this.#path), constants.W_OK).catch((cause: unknown) => {
      throw this.#unwritable(cause);
    });
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw this.#damaged(`it cannot be read: ${messageOf(error)}`);
    }
    return this.#parsed(text);
  }

  /** Replaces the file as a whole, so that a process that dies leaves the old state or the new one, on the disk. */
  async save(state: ResumeState): Promise<void> {
    const temporary = join(dirname(this.#path), `.${basename(this.#path)}.${process.pid}.tmp`);
    try {
      const text = `${JSON.stringify({ schema: SCHEMA, checksum: checksumOf(state), state })}\n`;
      await writeFile(temporary, text, { flush: true, mode: 0o600 });
      await rename(temporary, this.#path);
      await flushFolder(dirname(this.#path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw this.#unwritable(error);
    }
  }

  /** What is finished needs no state, and a later run is to compare anew. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  #parsed(text: string): ResumeState {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw this.#damaged('it is no whole JSON');
    }
    if (!isObject(parsed) || parsed['schema'] !== SCHEMA) throw this.#damaged('it is a file of another kind');
    const { state, checksum } = parsed;
    if (!isState(state) || checksum !== checksumOf(state)) throw this.#damaged('its content was changed');
    return state;
  }

  #damaged(what: string): CutoverError {
    return new CutoverError(
      'RESUME_DAMAGED',
      `${this.shown} does not say how far a comparison is: ${what}`,
      'Name another file with --resume, or remove this one and compare from the beginning.',
    );
  }

  #unwritable(cause: unknown): CutoverError {
    return new CutoverError(
      'USAGE',
      `${this.shown} cannot be written: ${messageOf(cause)}`,
      'Make room, or name another file with --resume.',
      { cause },
    );
  }
}

/** What is to be the same when a comparison goes on, as a short text. */
export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? 'undefined')
    .digest('hex');
}

function checksumOf(state: ResumeState): string {
  return hashOf(state);
}

async function flushFolder(folder: string): Promise<void> {
  // Not every system opens a folder.
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The checksum says that it was written by this program; this, that it was by this version of it. */
function isState(value: unknown): value is ResumeState {
  if (!isObject(value) || !isObject(value['question']) || !isObject(value['sources'])) return false;
  const { done } = value;
  if (typeof value['today'] !== 'string' || !isObject(done) || !isObject(done['slices'])) return false;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- what it is used for is looked at
  const { slices, types, next, snapshots, found } = done as unknown as ChunksDone;
  const whole = Number.isInteger(next) && next > 0 && next <= slices.count;
  const lists = [slices.bounds, types, snapshots].every((list) => Array.isArray(list));
  return whole && lists && areSlices(slices) && isObject(found);
}
