import { describe, expect, it } from 'vitest';
import { checkedIn, generatedFiles } from '../scripts/generate.js';

describe('generated files', async () => {
  for (const [name, text] of await generatedFiles()) {
    it(`${name} is up to date (otherwise run: npx jiti scripts/generate.ts)`, async () => {
      expect(await checkedIn(name)).toBe(text);
    });
  }
});
