// `npm run test:runtimes`: the suite of client tests inside every runtime of test/runtimes, against the in-process server
// and the installed memcached, and the tests of spans and metrics; prints a table and writes it to docs/compatibility.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeRuntimes } from './compatibility.mjs'
import { installPrograms } from './programs.mjs'
import { checkNode, giveUp, install, root } from './setup.mjs'
import { noteResult } from './vitest.mjs'

const FOLDER = join(root, 'test', 'runtimes')
const MODULES = join(FOLDER, 'node_modules')
const TESTS = ['test/conformance/embedded.test.ts', 'test/conformance/real.test.ts', 'test/observability/']

/** How to start each package's runtime; what follows is the script to run. */
const COMMANDS = {
  node20: [join(MODULES, 'node20', 'bin', 'node')],
  node22: [join(MODULES, 'node22', 'bin', 'node')],
  node24: [join(MODULES, 'node24', 'bin', 'node')],
  node26: [join(MODULES, 'node26', 'bin', 'node')],
  bun: [join(MODULES, '.bin', 'bun')],
  deno: [join(MODULES, '.bin', 'deno'), 'run', '--allow-all'],
}

checkNode()
install()
install(FOLDER, 'runtimes')
install(join(root, 'test', 'observability'), 'libraries of spans and metrics')
installPrograms()

const folder = mkdtempSync(join(tmpdir(), 'memlane-runtimes-'))
try {
  const reports = new Map(
    runtimes().map(({ name, version, command }) => [`${name} ${version}`, test(name, version, command)]),
  )
  const page = writeRuntimes(reports)
  console.log(`\n${page}`)
  if (page.includes('failed**')) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The pinned runtimes: `npm:node@22.23.3` or `1.4.5`. */
function runtimes() {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'))
  return Object.keys(COMMANDS).map((name) => {
    const version = dependencies[name].split('@').at(-1)
    return { name: name.replace(/^node\d+$/, 'node'), version, command: COMMANDS[name] }
  })
}

/** Runs the tests and gives the path of their report. A run that broke off, or another runtime than asked, ends everything. */
function test(name, version, [program, ...args]) {
  process.stdout.write(`${name} ${version} … `)
  const report = join(folder, `${name}-${version}.json`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const options = ['run', ...TESTS, '--reporter=json', `--outputFile=${report}`]
  const { stdout, stderr, error } = spawnSync(program, [...args, vitest, ...options], { cwd: root, encoding: 'utf8' })
  const tests = readTests(report)
  if (tests.length === 0)
    giveUp(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n${name} ${version} ran no tests.`)
  const ran = new Set(tests.flatMap(({ meta }) => meta.runtime ?? []))
  if (ran.size !== 1 || !ran.has(`${name} ${version}`)) giveUp(`The tests ran in ${[...ran].join(' and ')}.`)
  const { failed } = noteResult(`${name} ${version}`, report)
  console.log(`${failed} failed of ${tests.length}`)
  if (failed > 0) process.exitCode = 1
  return report
}

function readTests(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults)
  } catch {
    return []
  }
}
