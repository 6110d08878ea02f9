import { describe, expect, it } from 'vitest';
import { empty, failing, gate } from '../../test/cli/samples.js';
import { renderJunit } from './junit.js';

const OPTIONS = { color: false, width: 100, limit: 100 };

describe('junit', () => {
  it('shows what is inconclusive as an error: nothing but a pass may look like one', () => {
    expect(renderJunit(empty, OPTIONS)).toMatch(/<testsuites name="cutover" tests="7" failures="0" errors="1">/);
    expect(renderJunit({ ...gate, verdict: 'inconclusive', criteria: [] }, OPTIONS)).toContain('errors="1"');
  });

  it('gives every case of a suite a name of its own', () => {
    for (const result of [empty, failing, gate]) {
      const names = [...renderJunit(result, OPTIONS).matchAll(/<testcase[^>]* name="([^"]*)"/g)].map(
        ([, name]) => name,
      );
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('says what was not compared, also where all cases pass', () => {
    const xml = renderJunit(
      { ...failing, verdict: 'pass', lossy: ['rounded'], notes: ['column <x> is ignored'] },
      OPTIONS,
    );
    expect(xml).toContain('<system-out>rounded\ncolumn &lt;x&gt; is ignored</system-out>\n  </testsuite>');
  });

  it('removes what XML cannot hold and escapes the rest', () => {
    const xml = renderJunit(
      { ...failing, pipeline: 'a\u0000<b>&"\'\ufffe\ud800', reasons: ['x\n\u001b[2Jy'] },
      OPTIONS,
    );
    expect(xml).toContain('<testsuite name="a&lt;b&gt;&amp;&quot;&apos;"');
    expect(xml).toContain('message="x&#10;[2Jy"');
    // eslint-disable-next-line no-control-regex -- what XML cannot hold
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });
});
