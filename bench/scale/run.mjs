// The figures of docs/scale.md, in tables and as JSON, in under three minutes.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gutter, hotKey, incast } from './arithmetic.mjs'
import { measureClients } from './clients.mjs'
import { runHerd } from './herd.mjs'
import { simulateHerds } from './herd-simulation.mjs'
import { measureRings } from './rings.mjs'

const COUNTS = [10, 100, 1000]
const LIMIT_MS = 180_000
const RESULTS = fileURLToPath(new URL('../results/scale.json', import.meta.url))

/** Parts by name; those that a run without names leaves out are marked. */
const PARTS = {
  clients: { run: (counts) => measureClients(counts) },
  rings: { run: (counts) => measureRings(counts) },
  simulation: { run: simulateHerds },
  incast: { run: incast },
  'hot-key': { run: () => hotKey() },
  gutter: { run: gutter },
  herd: { run: () => runHerd(), onlyByName: true },
}

const USAGE = `Usage: npm run bench:scale -- [options] [parts]

  Needs a build (npm run build). A part that has not begun after ${LIMIT_MS / 1000} seconds is left out.

  --servers <n,…>  numbers of servers: ${COUNTS} when left out
  --json <file>    where the figures go: bench/results/scale.json when left out
  parts            ${Object.keys(PARTS).join(', ')}; without names all but herd, which needs memcached`

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      servers: { type: 'string', default: COUNTS.join(',') },
      json: { type: 'string', default: RESULTS },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  if (values.help) return console.log(USAGE)
  const counts = values.servers.split(',').map(Number)
  const figures = { machine: describe(), ...(await runParts(partsOf(positionals), counts)) }
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
}

function partsOf(names) {
  const unknown = names.find((name) => !Object.hasOwn(PARTS, name))
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`)
  return names.length > 0 ? names : Object.keys(PARTS).filter((name) => !PARTS[name].onlyByName)
}

async function runParts(names, counts) {
  const figures = {}
  for (const name of names) {
    if (performance.now() > LIMIT_MS) console.log(`\n${name}: left out, ${LIMIT_MS / 1000} s are over`)
    else figures[name] = await PARTS[name].run(counts)
  }
  return figures
}

function describe() {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [cpu] = cpus()
  const machine = {
    date: new Date().toISOString(),
    node: process.version,
    memlane: version,
    commit,
    cpu: cpu?.model ?? '',
    cores: cpus().length,
  }
  console.log(
    `memlane ${version} (${commit}), Node ${process.version}, ${machine.cores} × ${machine.cpu}, ${machine.date}`,
  )
  return machine
}

await main()
