import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { publishSuite } from './publish.js';

publishSuite('duckdb', () =>
  openDuckDbStore({ path: ':memory:', schemas: { batch: 'pb', stream: 's', served: 'main' } }),
);
