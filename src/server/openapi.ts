import { ERROR_CODES } from '../model/error-codes.js';

const WHEN = { type: ['string', 'null'], format: 'date-time' };
const COUNT = { type: ['integer', 'null'], minimum: 0 };
const TEXT = { type: ['string', 'null'] };

/** As `ViewReport`, in the same order. */
const VIEW = {
  view: { type: 'string' },
  description: TEXT,
  status: { enum: ['never', 'fresh', 'stale', 'failed', 'changed', 'removed'] },
  schedule: TEXT,
  refreshed_at: WHEN,
  staleness_ms: COUNT,
  duration_ms: { type: ['number', 'null'], minimum: 0 },
  rows: COUNT,
  changed_rows: COUNT,
  partitions: COUNT,
  full_at: WHEN,
  full_reason: TEXT,
  corrected_rows: { type: 'integer', minimum: 0 },
  side: { enum: ['batch', 'stream', 'mixed', null] },
  sources: {
    type: 'array',
    items: object({
      pipeline: { type: 'string' },
      side: { enum: ['batch', 'stream', 'mixed'] },
      share_ppm: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    }),
  },
  next_due: WHEN,
  attempted_at: WHEN,
  error: TEXT,
  failures: { type: 'integer', minimum: 0 },
};

const SCHEMAS = {
  View: object(VIEW),
  OneView: object({ schema: { const: 'cutover.view/v1' }, ...VIEW }),
  Views: object({
    schema: { const: 'cutover.views/v1' },
    action: { const: 'list' },
    views: { type: 'array', items: ref('View') },
  }),
  Alive: object({ status: { const: 'alive' } }),
  Ready: object({ status: { const: 'ready' } }),
  Problem: {
    ...object({
      type: { const: 'about:blank' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { enum: Object.keys(ERROR_CODES) },
      detail: { type: 'string' },
    }),
    description: 'RFC 9457, with a stable code, and what to do where that is for the caller.',
  },
};

/** Further properties may come: results change only by adding. */
function object(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties };
}

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function content(type: string, schema: object): object {
  return { [type]: { schema } };
}

function get(
  summary: string,
  success: object,
  problems: readonly number[],
  parameters: readonly object[] = [],
): object {
  const failed = (status: number): [string, object] => [
    String(status),
    { description: MEANING[status], content: content('application/problem+json', ref('Problem')) },
  ];
  return {
    get: {
      summary,
      ...(parameters.length === 0 ? {} : { parameters }),
      responses: {
        200: { description: 'OK', content: success },
        ...Object.fromEntries(problems.map(failed)),
      },
    },
  };
}

const MEANING: Readonly<Record<number, string>> = {
  400: 'The path is wrongly encoded.',
  404: 'There is no such view.',
  503: 'The store does not answer.',
};

/** What the server has, as OpenAPI 3.1 describes it. Every path takes HEAD too. */
export function openApi(): object {
  const json = (name: string): object => content('application/json', ref(name));
  const name = { name: 'name', in: 'path', required: true, schema: { type: 'string' } };
  return {
    openapi: '3.1.0',
    info: {
      title: 'cutover',
      version: '1',
      description: 'Reads the state of cutover. Nothing can be changed here, and nobody is asked who they are.',
    },
    paths: {
      '/healthz': get('Whether the process is alive', json('Alive'), []),
      '/readyz': get('Whether the store answers', json('Ready'), [503]),
      '/v1/views': get('The materialized views', json('Views'), [503]),
      '/v1/views/{name}': get('One materialized view', json('OneView'), [400, 404, 503], [name]),
      '/metrics': get('Metrics for Prometheus', content('text/plain', { type: 'string' }), [503]),
      '/openapi.json': get('This description', content('application/json', { type: 'object' }), []),
    },
    components: { schemas: SCHEMAS },
  };
}
