import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cli } from './harness.js';

describe('usage errors', () => {
  const WRONG: readonly (readonly [args: string, message: RegExp, remedy: RegExp])[] = [
    ['comapre x', /unknown command 'comapre'/, /Did you mean compare\?/],
    ['compare', /missing required argument 'pipeline'/, /`cutover compare --help`/],
    ['compare a b', /too many arguments/, /`cutover compare --help`/],
    ['compare a --fromat json', /unknown option '--fromat'/, /Did you mean --format\?/],
    [
      'compare a --format yaml',
      /'yaml' is invalid. Allowed choices are table, json, ndjson, csv, junit, markdown/,
      /./,
    ],
    ['compare a --limit many', /'many' is invalid. Give a whole number/, /./],
    ['compare a --limit 1.5', /'1.5' is invalid/, /./],
    ['compare a --limit -1', /'-1' is invalid/, /./],
    ['compare a --config', /argument missing/, /./],
    ['compare a --verbose --quiet', /cannot be used with/, /./],
    ['gate a --for luck', /'luck' is invalid/, /`cutover gate --help`/],
    ['canary jump a', /unknown command 'jump'/, /`cutover canary --help`/],
    ['canary start', /missing required argument 'pipeline'/, /`cutover canary start --help`/],
    ['quarantine retry', /which records/, /--all, or --partition NAME and --offset N/],
    ['quarantine retry --all --offset 1', /which records/, /./],
    ['quarantine retry --partition a', /which records/, /./],
    ['quarantine retry --partition a --offset 1.5', /'1.5' is invalid/, /./],
    [
      'init --template delta',
      /'delta' is invalid. Allowed choices are external, flights, kappa, lambda, medallion/,
      /./,
    ],
    ['serve --listen 8080', /'8080' is invalid. Give HOST:PORT/, /`cutover serve --help`/],
    ['serve --listen localhost:70000', /'localhost:70000' is invalid/, /./],
    ['serve --listen ::1:80', /'::1:80' is invalid. Give HOST:PORT.*\[::1\]/, /./],
    ['run --once --serve', /cannot be used with/, /./],
    ['run --listen 127.0.0.1:0', /--listen says where to serve/, /Give --serve too/],
    ['run --once --listen 127.0.0.1:0', /--listen says where to serve/, /Give --serve too/],
    ['completion tcsh', /'tcsh' is invalid/, /./],
    ['advise a b', /too many arguments/, /`cutover advise --help`/],
    ['advise', /advise needs a file/, /use-case\.yaml.*--from/],
    ['advise a --format csv', /'csv' is invalid for advise. Allowed choices are table, json, markdown, html/, /./],
    [
      'gate a --format html',
      /'html' is invalid for gate. Allowed choices are table, json, ndjson, csv, junit, markdown/,
      /./,
    ],
  ];

  for (const [line, message, remedy] of WRONG) {
    it(`cutover ${line}`, async () => {
      const { code, stdout, stderr } = await cli(line.split(' '));
      const [first = '', second = '', ...rest] = stderr.split('\n');
      expect([code, stdout, rest]).toEqual([2, '', ['']]);
      expect(first).toMatch(/^error\[USAGE\]: /);
      expect(first).toMatch(message);
      expect(second).toMatch(/^ {2}help: /);
      expect(second).toMatch(remedy);
    });
  }

  it('are JSON where JSON was asked for, even when the rest was not understood', async () => {
    for (const args of [
      ['comapre', '--format', 'json'],
      ['--format=ndjson', 'compare'],
    ]) {
      const { code, stderr } = await cli(args);
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ schema: 'cutover.error/v1', code: 'USAGE', place: null });
    }
  });

  it.each([
    ['diff', false],
    ['run', false],
    ['canary status', false],
    ['advise', true],
  ])('the help of %s lists the formats that it takes', async (command, html) => {
    const { code, stdout } = await cli([...command.split(' '), '--help']);
    const listed = /--format <format>[^(]*\(choices: ([^)]*)/.exec(stdout)?.[1]?.replaceAll(/["\s]/g, '');
    expect([code, listed]).toEqual([
      0,
      `table,json,${html ? 'markdown,html' : 'ndjson,csv,junit,markdown'},default:table`,
    ]);
  });

  it('without a command: the help, on standard error', async () => {
    const { code, stdout, stderr } = await cli([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: cutover');
  });
});

describe('help', () => {
  it('lists the commands that exist, and exits with 0', async () => {
    const { code, stdout, stderr } = await cli(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    const listed = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(
      'init demo run serve compare diff report rebuild gate canary route views quarantine advise doctor completion help'.split(
        ' ',
      ),
    );
  });

  it('of a command shows the options that hold everywhere', async () => {
    const { code, stdout } = await cli(['canary', 'approve', '--help']);
    expect(code).toBe(0);
    for (const option of ['--step', '--reason', '--format', '--config', '--output', '--limit'])
      expect(stdout).toContain(option);
  });

  it('--version prints the version of the package', async () => {
    const { code, stdout } = await cli(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe('completion', () => {
  const script = async (shell: string): Promise<string> => (await cli(['completion', shell])).stdout;

  /** What bash offers for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const program = `${await script('bash')}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$((${words.length}-1))\n_cutover 2>/dev/null\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  }

  it('in bash offers commands, actions, options and their values', async () => {
    expect(await offered('cutover', 're')).toEqual(['report', 'rebuild']);
    expect(await offered('cutover', 'canary', 'r')).toEqual(['resume', 'rollback']);
    expect(await offered('cutover', 'compare', 'x', '--format', 'j')).toEqual(['json', 'junit']);
    expect(await offered('cutover', '--format', 'json', 'canary', 'approve', '--s')).toEqual(['--step']);
    expect(await offered('cutover', 'gate', 'x', '--for', '')).toEqual(['advance', 'cutover', 'decommission']);
    expect(await offered('cutover', 'completion', 'z')).toEqual(['zsh']);
  });

  it('takes the value of an option for no command', async () => {
    expect(await offered('cutover', '--output', 'canary', 're')).toEqual(['report', 'rebuild']);
  });

  it('in zsh and fish names every command', async () => {
    for (const shell of ['zsh', 'fish']) {
      const text = await script(shell);
      for (const name of ['init', 'rebuild', 'rollback', 'decommission', '--limit', 'medallion']) {
        expect(text).toContain(name.replace(/^--/, ''));
      }
    }
  });
});
