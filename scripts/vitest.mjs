// Runs vitest, and says at the end what came of it.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './setup.mjs'

/**
 * Runs vitest in the foreground; gives its exit code.
 *
 * @param name - What the results call this run.
 * @param args - For vitest.
 * @param onReport - Is given the path of the JSON report.
 */
export async function runVitest(name, args, onReport = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-test-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await run(process.execPath, [vitest, 'run', ...reporters, ...args])
    const { passed, failed, skipped } = noteResult(name, report)
    console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    onReport(report)
    return code
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Counts the outcomes of a report; `npm run test:all` collects them in the file that MEMLANE_RESULTS names. */
export function noteResult(name, report) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that does not even load has no tests to fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const result = { name, passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests }
  const { MEMLANE_RESULTS } = process.env
  if (MEMLANE_RESULTS !== undefined) appendFileSync(MEMLANE_RESULTS, `${JSON.stringify(result)}\n`)
  return result
}
