import { defineConfig } from 'vitest/config';

/** Test files that need a real PostgreSQL or Kafka; see test/parts. */
const withParts = [
  'test/parts/*.test.ts',
  'test/postgres/*.test.ts',
  'test/kafka/*.test.ts',
  'test/contracts/{postgres,kafka}-*.test.ts',
];

const shared = {
  // Processes, not threads: tests open native DuckDB instances, send signals and kill children.
  pool: 'forks' as const,
  testTimeout: 180_000,
  hookTimeout: 180_000,
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', 'src/**/contract.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      { test: { ...shared, name: 'embedded', include: ['src/**/*.test.ts', 'test/**/*.test.ts'], exclude: withParts } },
      { test: { ...shared, name: 'parts', include: withParts, globalSetup: 'test/parts/shared.ts' } },
    ],
  },
});
