import { access, constants, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { CutoverError, messageOf } from '../model/errors.js';

/** Says before any work whether the command has the format that was asked for. Errors: USAGE. */
export function checkFormat(command: Command, formats: readonly string[]): void {
  const format: unknown = command.optsWithGlobals()['format'];
  if (typeof format !== 'string' || formats.includes(format)) return;
  throw new CutoverError(
    'USAGE',
    `option '--format <format>' argument '${format}' is invalid for ${command.name()}. Allowed choices are ${formats.join(', ')}.`,
    `Choose another format, or run \`cutover ${command.name()} --help\`.`,
  );
}

/** Says before long work whether its result could be written at the end. Errors: USAGE. */
export async function checkOutput(file: string): Promise<void> {
  const folder = path.dirname(file);
  try {
    await access(folder, constants.W_OK);
  } catch {
    throw new CutoverError(
      'USAGE',
      `cannot write ${file}: ${folder} is not a folder that can be written to`,
      'Name another file with --output.',
    );
  }
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory() === true) {
    throw new CutoverError('USAGE', `cannot write ${file}: it is a folder`, 'Name a file with --output.');
  }
}

/** Writes a file as a whole or not at all: readers see the old text or the new one. Errors: USAGE. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CutoverError('USAGE', `cannot write ${file}: ${messageOf(error)}`, 'Name another file with --output.', {
      cause: error,
    });
  }
}
