import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/canary/bucket.js';
import { canonicalKey } from '../../src/model/key.js';
import type { Row, SqlSession, Store } from '../../src/store/contract.js';
