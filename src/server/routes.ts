import type { ServedState } from '../app/serve.js';
import { CutoverError } from '../model/errors.js';
import { jsonText } from '../report/cells.js';
import { answer, type Answer } from './answer.js';
import { METRICS_TYPE, metricsText } from './metrics.js';
import { openApi } from './openapi.js';

export interface Asked {
  readonly method: string;
  /** As it stands in the request: a path, with or without a query. */
  readonly target: string;
}

type Route = (state: ServedState, now: () => Date, name: string) => Promise<Answer> | Answer;

/** By path; `{name}` is any one segment. */
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>(
  Object.entries<Route>({
    '/healthz': () => json({ status: 'alive' }),
    '/readyz': async (state) => {
      await state.ready();
      return json({ status: 'ready' });
    },
    '/v1/views': async (state) => json(await state.views()),
    '/v1/views/{name}': async (state, _now, name) => {
      const found = (await state.views()).views.find(({ view }) => view === name);
      if (found !== undefined) return json({ schema: 'cutover.view/v1', ...found });
      throw new CutoverError('VIEW_UNKNOWN', `there is no view ${name}`, 'Ask /v1/views for their names.');
    },
    '/metrics': async (state, now) => {
      const { views } = await state.views();
      return answer(METRICS_TYPE, metricsText(views, await state.pipelines(), now()));
    },
    '/openapi.json': () => json(openApi()),
  }),
);

/**
 * What a request is answered with. Errors: REQUEST_INVALID, PATH_UNKNOWN, METHOD_UNSUPPORTED, VIEW_UNKNOWN, and those of the state.
 *
 * @param now the present moment, for ages
 */
export async function route({ method, target }: Asked, state: ServedState, now: () => Date): Promise<Answer> {
  const { path, name } = placeOf(target);
  const found = ROUTES.get(path);
  if (found === undefined)
    throw new CutoverError('PATH_UNKNOWN', 'there is nothing at this path', 'Ask /openapi.json for what there is.');
  if (method !== 'GET' && method !== 'HEAD')
    throw new CutoverError('METHOD_UNSUPPORTED', `${path} is only read, by GET or HEAD`, 'Use GET.');
  return found(state, now, name);
}

const ONE_VIEW = '/v1/views/';

/** The path of a route, and the name in it. Segments are decoded after they were told apart: a name may hold a slash. */
function placeOf(target: string): { readonly path: string; readonly name: string } {
  // A request may name its host too (RFC 9112, 3.2.2): that says nothing here.
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/);
  const rest = path.startsWith(ONE_VIEW) ? path.slice(ONE_VIEW.length) : '';
  if (rest === '' || rest.includes('/')) return { path: decoded(path), name: '' };
  return { path: `${ONE_VIEW}{name}`, name: decoded(rest) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new CutoverError(
      'REQUEST_INVALID',
      'the path is not encoded as UTF-8 in percents',
      'Encode it: a space is %20.',
    );
  }
}

function json(value: object): Answer {
  return answer('application/json', `${jsonText(value, 2)}\n`);
}
