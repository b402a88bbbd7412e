// `npm test`: installs what is missing, checks, builds, and runs every test. With arguments: only vitest, with them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkNode, giveUp, has, install, root, run, runScript, step } from './setup.mjs'

const PROGRAMS = ['memcached', 'openssl']

/** The tests talk to a real memcached and make their own certificates. */
function installPrograms() {
  const missing = PROGRAMS.filter((program) => !has(program))
  if (missing.length === 0) return
  const sudo = rootPrefix()
  if (sudo === undefined || !hasAptGet()) {
    giveUp(
      `The tests need ${missing.join(' and ')}. Install with one of\n` +
        `  apt-get install ${missing.join(' ')}\n  dnf install ${missing.join(' ')}\n` +
        `  apk add ${missing.join(' ')}\n  brew install ${missing.join(' ')}`,
    )
  }
  const [command, ...args] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  step('refreshing the package lists with apt-get', command, [...args, 'update', '-qq'])
  step(`installing ${missing.join(' and ')} with apt-get`, command, [...args, 'install', '-y', '-qq', ...missing])
}

function hasAptGet() {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
}

/** How to run a command as root; undefined when this user may not. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-test-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await run(process.execPath, [vitest, 'run', ...reporters, ...args])
    summarize(report)
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
if (args.length === 0 && (await runScript('check')) !== 0)
  giveUp('npm run check failed: see above (npm run format mends the format).')
build()
if (args.length === 0 && (await runScript('check:package')) !== 0) giveUp('npm run check:package failed: see above.')
process.exitCode = await runVitest(args)
