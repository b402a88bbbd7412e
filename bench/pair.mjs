import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Servers } from './macro/servers.mjs'
import { WORKLOADS } from './macro/workloads.mjs'
import { comparePairs } from './report/pairs.mjs'

const PAIR_PROCESS = fileURLToPath(new URL('./macro/pair-process.mjs', import.meta.url))
const IMPORT_PROCESS = fileURLToPath(new URL('./macro/import-process.mjs', import.meta.url))
const LIMIT_MS = 120_000

/** Kinds of rows whose cost of a call can be taken in slices. */
const KINDS = new Set(['get', 'set', 'mix', 'getMany', 'import'])
const ROWS = WORKLOADS.filter(({ kind }) => KINDS.has(kind))
const DEFAULT_ROWS = ['get-64', 'get-512', 'set-64', 'many-100']

const USAGE = `Usage: npm run bench:pair -- [options] DIST_A DIST_B [rows]

  Compares two builds of memlane: the folders \`dist\`, or the checkouts that they are in. New processes of A and B take
  turns; each gives its CPU per call. Printed: the medians, and the median of B / A with its 95 % interval (bootstrap).

  --pairs <number>  processes of each build, for every row: 20 when left out
  rows              ${DEFAULT_ROWS.join(', ')} when left out; there are ${ROWS.map(({ name }) => name).join(', ')}

  MEMCACHED_PROGRAM=path measures with another memcached.`

async function main() {
  const options = { pairs: { type: 'string', default: '20' }, help: { type: 'boolean', default: false } }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [a, b, ...names] = positionals
  if (values.help || b === undefined) {
    console.log(USAGE)
    return
  }
  const [builds, rows, pairs] = [[a, b].map(findBuild), chooseRows(names), countOf(values.pairs)]
  const servers = await Servers.open()
  try {
    for (const workload of rows)
      console.log(comparePairs(workload.title, await measure(workload, builds, pairs, servers)))
  } finally {
    await servers.close()
  }
}

/** The figures of A and B, pair by pair; every other pair begins with B. */
async function measure(workload, [a, b], pairs, servers) {
  const addresses = await servers.for('memlane', workload.servers)
  const figures = []
  for (let pair = 0; pair < pairs; pair++) {
    const run = (dist) => runProcess(workload, dist, addresses)
    if (pair % 2 === 0) figures.push({ a: await run(a), b: await run(b) })
    else {
      const ofB = await run(b)
      figures.push({ a: await run(a), b: ofB })
    }
  }
  return figures
}

async function runProcess(workload, dist, servers) {
  const args = workload.kind === 'import' ? [IMPORT_PROCESS, `${dist}/index.mjs`] : [PAIR_PROCESS]
  const { cpuMicros } = await ask(args, { workload, dist, servers })
  return cpuMicros
}

function ask(args, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, { timeout: LIMIT_MS }, (error, stdout, stderr) =>
      error ? reject(new Error(`a process failed: ${stderr.trim() || error.message}`)) : resolve(JSON.parse(stdout)),
    )
    // One that reads none of it may have ended by now.
    child.stdin.on('error', () => undefined)
    child.stdin.end(JSON.stringify(input))
  })
}

function findBuild(path) {
  const found = [path, join(path, 'dist')].find((folder) => existsSync(join(folder, 'index.mjs')))
  if (found === undefined) throw new Error(`no build of memlane in ${path}: npm run build makes one`)
  return pathToFileURL(resolve(found)).href
}

function chooseRows(names) {
  return (names.length === 0 ? DEFAULT_ROWS : names).map((name) => {
    const found = ROWS.find((workload) => workload.name === name)
    if (found === undefined) throw new Error(`no row "${name}"; there are ${ROWS.map((row) => row.name).join(', ')}`)
    return found
  })
}

function countOf(text) {
  const number = Number(text)
  if (!(Number.isInteger(number) && number > 0)) throw new Error(`--pairs must be a whole number, not "${text}"`)
  return number
}

try {
  await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
