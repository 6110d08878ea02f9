import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CutoverError } from '../../model/errors.js';
import { connectionParts } from './connection.js';

function failed(url: string): CutoverError {
  try {
    connectionParts(url, {});
  } catch (error) {
    if (error instanceof CutoverError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

describe('the connection URL', () => {
  it('names everything, or leaves it to the variables', () => {
    expect(connectionParts('postgres://ada:s%2Fcret@db.example:5433/shop?application_name=x', {})).toMatchObject({
      config: {
        host: 'db.example',
        port: 5433,
        user: 'ada',
        password: 's/cret',
        database: 'shop',
        ssl: false,
        application_name: 'x',
      },
      shown: 'postgres://ada@db.example:5433/shop',
    });
    const env = { PGHOST: 'h', PGUSER: 'u', PGPASSWORD: 'secret', PGDATABASE: 'd' };
    expect(connectionParts('postgres://', env).config).toMatchObject({
      host: 'h',
      user: 'u',
      password: 'secret',
      database: 'd',
    });
    expect(connectionParts('postgres:///d?host=/run/pg&user=u', {}).config).toMatchObject({
      host: '/run/pg',
      user: 'u',
      database: 'd',
    });
    expect(connectionParts('postgresql://u@[::1]/d', {}).config.host).toBe('::1');
  });

  it('turns TLS on as libpq does, and never half', () => {
    const ssl = (query: string, env: NodeJS.ProcessEnv = {}): unknown =>
      connectionParts(`postgres://h/d${query}`, env).config.ssl;
    expect(ssl('?sslmode=disable')).toBe(false);
    expect(ssl('?sslmode=require')).toEqual({ rejectUnauthorized: false });
    expect(ssl('', { PGSSLMODE: 'require' })).toEqual({ rejectUnauthorized: false });
    expect(ssl('?sslmode=verify-full')).not.toHaveProperty('rejectUnauthorized');
    for (const mode of ['prefer', 'allow', 'no-verify', 'Verify-Full'])
      expect(failed(`postgres://h/d?sslmode=${mode}`).code).toBe('CONFIG_INVALID');
    expect(failed('postgres://h/d?sslmode=verify-ca').message).toContain('root certificate');
    expect(failed('postgres://h/d?sslmode=verify-full&sslrootcert=/no/such/file').message).toContain('sslrootcert');
  });

  it.each([
    'postgres://ada:hunter/2hunter@db/shop',
    'postgres://ada:12/hunter@db/shop',
    'postgres://ada:12?hunter@db/shop',
    'postgres://ada:12#hunter@db/shop',
    'postgres://ada:12?hunter=1&x@db/shop',
    'mysql://ada:hunter@db/shop',
    'ada:hunter@db/shop',
    'postgres://ada:hunter@db:port/shop',
    'postgres://ada:hunter@db/shop?sslmode=hunter',
  ])('that is wrong gives nothing of its password away: %s', (url) => {
    const error = failed(url);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter/);
  });
});
