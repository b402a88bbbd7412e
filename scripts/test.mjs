// `npm test`: installs what is missing, checks, builds, runs every test, and writes down on which servers they passed.
// With arguments: only vitest, with them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeServers } from './compatibility.mjs'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { build, checkNode, giveUp, install, root, run, runScript } from './setup.mjs'

/** Packages that only some tests need, apart from the project's own. */
const SUB_PACKAGES = [
  ['interop', 'clients from npm'],
  ['schemas', 'schema libraries'],
]

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-test-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await run(process.execPath, [vitest, 'run', ...reporters, ...args])
    summarize(report)
    if (args.length === 0) writeServers(report)
    return code
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function summarize(report) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that does not even load has no tests to fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
  console.log(`\n${numPassedTests} passed, ${numFailedTests + broken.length} failed${skipped}`)
}

const args = process.argv.slice(2)
checkNode()
install()
installPrograms()
installMemcachedVersions()
for (const [folder, name] of SUB_PACKAGES) install(join(root, 'test', folder), name)
if (args.length === 0 && (await runScript('check')) !== 0)
  giveUp('npm run check failed: see above (npm run format mends the format).')
build()
if (args.length === 0 && (await runScript('check:package')) !== 0) giveUp('npm run check:package failed: see above.')
if (args.length === 0 && (await runScript('check:budgets')) !== 0) giveUp('npm run check:budgets failed: see above.')
process.exitCode = await runVitest(args)
