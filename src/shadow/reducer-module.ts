import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { CutoverError, messageOf } from '../model/errors.js';
import type { SourceText } from '../model/project.js';
import type { Reducer } from '../model/reducer.js';

function isReducer(value: unknown): value is Reducer {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'key') === 'function' &&
    typeof Reflect.get(value, 'reduce') === 'function'
  );
}

/** Loads the default export of a reducer's module. Errors: STREAM_JOB_FAILED. */
export async function loadReducer(source: SourceText): Promise<Reducer> {
  let loaded: unknown;
  try {
    // Node 20 does not run TypeScript by itself.
    // `import { defineReducer } from 'cutover'` means this very package, whether or not it is installed where the module stands.
    const alias = { cutover: fileURLToPath(new URL('../index.js', import.meta.url)) };
    loaded = await createJiti(import.meta.url, { moduleCache: false, fsCache: false, alias }).import(source.path, {
      default: true,
    });
  } catch (error) {
    throw new CutoverError(
      'STREAM_JOB_FAILED',
      `the reducer cannot be loaded: ${messageOf(error)}`,
      'Correct the module and run again.',
      {
        place: { file: source.path },
        cause: error,
      },
    );
  }
  if (isReducer(loaded)) return loaded;
  throw new CutoverError(
    'STREAM_JOB_FAILED',
    'the module has no default export with the functions `key` and `reduce`',
    'Export default defineReducer({ key, reduce }).',
    {
      place: { file: source.path },
    },
  );
}
