/**
 * Reads vitest's JSON result and prints `N passed, N failed` as a line of its own.
 * A test file that could not be loaded has no tests to count and counts as one failure.
 * Exit code 1 when anything failed, when no test ran, and when there is no result (the run itself broke).
 */
import { readFileSync } from 'node:fs';

function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    process.stderr.write(`no test result: ${error.message}\n`);
    return { numPassedTests: 0, numFailedTests: 0, testResults: [], success: false };
  }
}

const [file = ''] = process.argv.slice(2);
const result = readResult(file);
const broken = result.testResults.filter(
  (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
).length;
const failed = result.numFailedTests + broken;

if (result.numPassedTests + failed === 0) process.stderr.write('no test ran\n');
process.stdout.write(`${result.numPassedTests} passed, ${failed} failed\n`);
if (failed > 0 || result.numPassedTests === 0 || result.success !== true) process.exitCode = 1;
