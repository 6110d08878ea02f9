// The table of rooms (docs/design.md, "Rooms") as rules. Test files stand outside it; the product may not import them.

/** Which rooms a room may import besides itself. A path inside a room opens only that part of it. */
const rooms = {
  model: [],
  config: ['model'],
  log: ['model'],
  store: ['model'],
  diff: ['model', 'store/contract'],
  gate: ['model'],
  shadow: ['model', 'log/contract', 'store/contract', 'store/state', 'diff', 'gate'],
  canary: ['model', 'gate', 'store/contract', 'store/state'],
  explain: ['model', 'log/contract', 'store/contract', 'diff', 'shadow'],
  advisor: ['model'],
  report: ['model'],
  server: ['model', 'app', 'report'],
  cli: ['model', 'app', 'report', 'server'],
  app: ['model', 'config', 'log', 'store', 'diff', 'gate', 'shadow', 'canary', 'explain', 'advisor', 'report'],
};

/** What the library's entry, src/index.ts, may import. */
const entry = ['advisor', 'app', 'canary', 'config', 'diff', 'gate', 'model'];

/** Which parts of src may import a package; one that is not listed may be imported nowhere. */
const packages = {
  '@duckdb/node-api': ['store/duckdb', 'store/postgres', 'log/file'],
  'cli-progress': ['cli'],
  commander: ['cli'],
  croner: ['config', 'shadow'],
  fzstd: ['log/kafka'],
  jiti: ['shadow'],
  '@kafkajs/confluent-schema-registry': ['log/kafka'],
  kafkajs: ['log/kafka'],
  lz4js: ['log/kafka'],
  pg: ['store/postgres'],
  'pg-copy-streams': ['store/postgres'],
  pino: ['cli', 'app'],
  snappyjs: ['log/kafka'],
  tinyglobby: ['config', 'log/file'],
  yaml: ['config'],
  zod: ['config'],
};

/** Folders of log/ and store/ that are not adapters. */
const portable = '(?:state|record|contract)/';

const test = '[.]test[.]ts$';
/** A file or folder of that name. */
const vague = '/(?:utils?|helpers?|common)(?:/|[.])';
const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
/** A room, a part of one, or a file of one without its ending. */
const part = (name) => `^src/${escape(name)}(?:/|[.]ts$)`;

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import ${allowed.length === 0 ? 'no other room' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: test },
  to: { path: '^src/', pathNot: [part(room), ...allowed.map(part)] },
}));

const packageRules = Object.entries(packages).map(([name, allowed]) => ({
  name: `package-${name.replaceAll(/[@/]+/g, '-').replace(/^-/, '')}`,
  comment: `${name} may be imported only in ${allowed.map((room) => `src/${room}`).join(', ')}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: [test, ...allowed.map(part)] },
  to: { path: `(?:^|/)node_modules/(?:@types/)?${escape(name)}/` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'room-unknown',
      comment: 'Every folder of src is a room of the table.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: Object.keys(rooms).map(part) },
      to: {},
    },
    {
      name: 'entry',
      comment: `src/index.ts may import ${entry.join(', ')}; no other file stands in src itself.`,
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$', pathNot: test },
      to: { pathNot: entry.map(part) },
    },
    {
      name: 'entry-is-last',
      comment: 'The rooms do not import the library that is made of them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: test },
      to: { path: '^src/[^/]+[.]ts$' },
    },
    {
      name: 'adapter',
      comment: 'An adapter (a folder of log/ or store/) is imported only from inside itself and from app.',
      severity: 'error',
      from: { path: '^src/(?!app/)', pathNot: [test, `^src/(?:log|store)/(?!${portable})[^/]+/`] },
      to: { path: `^src/(?:log|store)/(?!${portable})[^/]+/` },
    },
    {
      name: 'adapter-to-adapter',
      comment: 'Adapters do not know each other.',
      severity: 'error',
      from: { path: `^src/(log|store)/(?!${portable})([^/]+)/`, pathNot: test },
      to: { path: `^src/(?:log|store)/(?!${portable})[^/]+/`, pathNot: '^src/$1/$2/' },
    },
    ...packageRules,
    {
      name: 'package-unlisted',
      comment: 'A package is listed in .dependency-cruiser.cjs with the rooms that may import it.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: {
        path: '(?:^|/)node_modules/',
        pathNot: Object.keys(packages).map((name) => `(?:^|/)node_modules/(?:@types/)?${escape(name)}/`),
      },
    },
    {
      name: 'product-not-to-tests',
      comment: 'What is shipped imports nothing from tests, benchmarks or scripts.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: [test, '^(?:test|bench|scripts)/'] },
    },
    {
      name: 'vague-name',
      comment: 'Name a file by what it holds: no util, helpers or common.',
      severity: 'error',
      from: { path: vague, pathNot: 'node_modules/' },
      to: {},
    },
    {
      name: 'vague-name-imported',
      comment: 'Name a file by what it holds: no util, helpers or common.',
      severity: 'error',
      from: {},
      to: { path: vague, pathNot: 'node_modules/' },
    },
    {
      name: 'no-cycle',
      comment: 'Files that import each other in a circle cannot be understood or tested apart.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'A file that imports nothing and that nothing imports is dead.',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: [test, '[.]d[.]ts$', '^src/index[.]ts$', '^src/cli/main[.]ts$'] },
      to: {},
    },
    {
      name: 'unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:dist|coverage|[.]cache)/' },
    // Type imports count: a room must not even know another room's types.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
