import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { profileSuite } from './profile.js';

profileSuite('duckdb', () =>
  openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } }),
);
