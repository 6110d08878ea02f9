import { fileURLToPath } from 'node:url';

/** The folder of the installed package: the same distance from src/app and from dist/app. */
export function packageRoot(): string {
  return fileURLToPath(new URL('../../', import.meta.url));
}
