import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { loadProject } from '../../src/config/load.js';
import { CutoverError } from '../../src/model/errors.js';
import type { Project } from '../../src/model/project.js';

/** A configuration file that is written anew for each load. */
class ConfigFile {
  root = '';

  get path(): string {
    return join(this.root, 'cutover.yaml');
  }

  async load(text: string, env: NodeJS.ProcessEnv = {}): Promise<Project> {
    await writeFile(this.path, text);
    return loadProject(this.path, env);
  }

  /** The error with which it is refused. */
  async refused(text: string, env: NodeJS.ProcessEnv = {}): Promise<CutoverError> {
    const error: unknown = await this.load(text, env).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof CutoverError)) throw new Error(`expected a CutoverError, got ${String(error)}`);
    return error;
  }

  /** The code of its error, and the lines of the message, from the file's name on. */
  async problems(text: string): Promise<string[]> {
    const error = await this.refused(text);
    expect(error.remedy).not.toMatch(/\n/);
    expect(error.place?.file).toBe(this.path);
    expect(error.place?.line).toBeGreaterThan(0);
    expect(error.place?.column).toBeGreaterThan(0);
    return [error.code, ...error.message.split('\n').map((line) => line.replace(`${this.root}${sep}`, ''))];
  }
}

/** In a folder of its own, for the suite in which it is called. */
export function configFile(): ConfigFile {
  const file = new ConfigFile();
  beforeAll(async () => {
    file.root = await mkdtemp(join(tmpdir(), 'cutover-config-'));
  });
  afterAll(() => rm(file.root, { recursive: true }));
  return file;
}
