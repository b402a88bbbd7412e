// `npm run test:all`: everything that can be tested by one command. Writes what came of it to test/results/all.json.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { root, run } from './setup.mjs'

/** What is run, in this order; a part that fails does not keep the others from being run. */
const PARTS = [
  'test',
  'test-interop',
  'test-consumers',
  'test-adapters',
  'test-compat',
  'test-next',
  'test-workers',
  'test-site',
  'test-runtimes',
  'fuzz',
  'soak',
]

const RESULTS = join(root, 'test', 'results', 'all.json')

const folder = mkdtempSync(join(tmpdir(), 'memlane-results-'))
try {
  // First: a memcached that is missing ends it before hours of tests.
  const facts = about()
  const parts = []
  for (const part of PARTS) parts.push(await runPart(part))
  mkdirSync(join(root, 'test', 'results'), { recursive: true })
  writeFileSync(RESULTS, `${JSON.stringify({ ...facts, parts }, null, 2)}\n`)
  console.log(`\n${parts.map(({ script, passed }) => `${script}: ${passed ? 'passed' : 'FAILED'}`).join('\n')}`)
  if (parts.some(({ passed }) => !passed)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function runPart(script) {
  const file = join(folder, script)
  writeFileSync(file, '')
  const env = { ...process.env, MEMLANE_RESULTS: file }
  const code = await run(process.execPath, [join(root, 'scripts', `${script}.mjs`)], { env })
  const runs = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)
  return { script, passed: code === 0, runs: runs.map((line) => JSON.parse(line)) }
}

/** When, of what and where. */
function about() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return {
    date: new Date().toISOString().slice(0, 10),
    memlane: version,
    commit: first('git', 'rev-parse', '--short', 'HEAD'),
    node: process.versions.node,
    memcached: first('memcached', '-V').replace('memcached ', ''),
    system: `${type()} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  }
}

/** The first line that a program prints. */
function first(program, ...args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8' }).trim().split('\n')[0]
}
