import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noExit = { object: 'process', property: 'exit', message: 'Only src/cli ends the process: throw a CutoverError.' };
const noClock = { object: 'Date', property: 'now', message: 'Time is an argument: take a Clock (model/ports.ts).' };
const noDice = { object: 'Math', property: 'random', message: 'Randomness is an argument.' };

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.cache/', '.cutover/', '.dist-*/', 'fixtures/', 'templates/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Contracts are asynchronous where one of several implementations is.
      '@typescript-eslint/require-await': 'off',
      // `() => void work()` and empty defaults such as a silent logger are plain here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // What was caught, or an abort's reason, is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      // The compiler cannot know what a store or a file gives: a check that looks needless to it may not be.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `String(cell)` of a column known to be text is everywhere; on where users' values are shown or judged, see below.
      '@typescript-eslint/no-base-to-string': 'off',
      eqeqeq: ['error', 'always'],
      'no-restricted-properties': ['error', noExit],
      'prefer-const': 'error',
    },
  },

  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.test.ts'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', importNames: ['exit'], message: noExit.message }] },
      ],
      'no-restricted-properties': ['error', noExit, noClock, noDice],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: noClock.message },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
      ],
      // A cast hides what a check would find; `as const` is not a cast.
      '@typescript-eslint/no-unsafe-type-assertion': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    // They read back what they wrote themselves.
    files: ['src/store/**/*.ts', 'src/canary/repository.ts'],
    rules: { '@typescript-eslint/no-unsafe-type-assertion': 'off' },
  },
  {
    // A list or struct must never be shown or compared as `[object Object]`.
    files: ['src/diff/comparator*.ts', 'src/report/**/*.ts'],
    ignores: ['src/**/*.test.ts'],
    rules: { '@typescript-eslint/no-base-to-string': 'error' },
  },
  {
    // The two rooms that bind the program to a real process and its clock.
    files: ['src/cli/**/*.ts', 'src/app/**/*.ts'],
    ignores: ['src/**/*.test.ts'],
    rules: {
      'no-restricted-properties': ['error', noDice],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Export by name.' }],
    },
  },
  {
    files: ['src/app/**/*.ts'],
    ignores: ['src/**/*.test.ts'],
    rules: { 'no-restricted-properties': ['error', noExit, noDice] },
  },
  {
    // What they take apart are records of functions; an adapter's methods do need their `this`.
    files: ['src/cli/**/*.ts', 'src/app/**/*.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },

  {
    files: ['**/*.test.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
      // What came out of JSON.parse goes straight into an assertion.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['bench/**/*.ts', 'scripts/**/*.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },

  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [js.configs.recommended, tseslint.configs.recommended],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        AbortController: 'readonly',
        setTimeout: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off', eqeqeq: ['error', 'always'], 'prefer-const': 'error' },
  },
);
