// npm test [-- arguments of vitest]: runs the suite and ends with one line, `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, runInForeground } from './foreground.ts';

/** What this script reads of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const args = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'rostrum-report-'));
try {
  const reportFile = join(directory, 'report.json');
  const code = await runInForeground(process.execPath, [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...(args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default']),
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...args,
  ]);
  const { passed, failed } = count(reportFile, code);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = code !== 0 ? code : failed > 0 ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function count(reportFile: string, code: number): { passed: number; failed: number } {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  } catch {
    console.log('vitest ended without a report');
    return { passed: 0, failed: 1 };
  }
  // A file that cannot be loaded, or whose hooks fail, fails without a failed test in it.
  const brokenFiles = report.testResults.filter(
    (file) =>
      file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  );
  let failed = report.numFailedTests + brokenFiles.length;
  if (failed === 0 && code !== 0) {
    console.log('No test failed, and vitest did (an unhandled error, or no tests): see above.');
    failed = 1;
  }
  return { passed: report.numPassedTests, failed };
}
