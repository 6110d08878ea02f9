import type { DiffInput } from '../../src/diff/input.js';

export const NOW = new Date('2026-01-01T00:00:00Z');

/** The comparison of two tables `old` and `new` that have a primary key `id`. */
export const OLD_AND_NEW: DiffInput = {
  batch: 'public.old',
  stream: 'public.new',
  key: ['id'],
  rules: { columns: {} },
  today: '2026-01-01',
  unique: { batch: true, stream: true },
  limit: 100,
};
