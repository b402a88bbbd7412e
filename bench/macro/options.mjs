import { parseArgs } from 'node:util'
import { MEMCACHED_CLIENTS, WORKLOADS } from './workloads.mjs'

/** The clients for JavaScript, and the raw socket. */
export const CLIENTS = [...MEMCACHED_CLIENTS, 'ioredis', 'ioredis-plain', 'valkey-glide']

export const USAGE = `Usage: npm run bench -- [options]

  --quick             fewer rows and shorter runs: the table in under a minute
  --latency           only the open loop, and the picture of the README
  --only <names>      only these clients: ${CLIENTS.join(', ')}, pylibmc, pymemcache
  --workload <names>  only these rows: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --rounds <number>   how often every client is measured
  --seconds <number>  how long each measurement takes
  --profile           write CPU profiles to bench/results/profiles
  --help

  MEMCACHED=host:port uses a running server, MEMCACHED_PROGRAM=path another memcached. Names are separated by commas.`

const DEFINITIONS = {
  quick: { type: 'boolean', default: false },
  latency: { type: 'boolean', default: false },
  only: { type: 'string' },
  workload: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  profile: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

const OPEN_LOOP = WORKLOADS.filter(({ kind }) => kind === 'open')
const FULL = { rounds: 3, seconds: 1, openSeconds: 2, warmUpMs: 1500, settleMs: 100 }
const QUICK = { rounds: 2, seconds: 0.2, openSeconds: 0.5, warmUpMs: 600, settleMs: 20 }

export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: DEFINITIONS })
  const level = values.quick ? QUICK : FULL
  const only = listOf(values.only)
  const seconds = positive(values.seconds, 'seconds')
  return {
    help: values.help,
    quick: values.quick,
    partial: values.only !== undefined || values.workload !== undefined,
    latency: values.latency,
    profile: values.profile,
    rounds: positive(values.rounds, 'rounds') ?? level.rounds,
    timing: {
      warmUpMs: level.warmUpMs,
      settleMs: level.settleMs,
      measureMs: (seconds ?? level.seconds) * 1000,
      openMs: (seconds ?? level.openSeconds) * 1000,
    },
    takesPart: (client) => only === undefined || only.includes(client),
    workloads: values.latency ? OPEN_LOOP : chooseWorkloads(listOf(values.workload), values.quick),
  }
}

function listOf(text) {
  return text?.split(',').map((name) => name.trim())
}

function positive(text, name) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${name} must be a positive number, not "${text}"`)
  return number
}

function chooseWorkloads(names, quick) {
  if (names === undefined) return WORKLOADS.filter((workload) => !quick || workload.quick)
  return names.map((name) => {
    const found = WORKLOADS.find((workload) => workload.name === name)
    if (found === undefined)
      throw new Error(`no workload "${name}"; there are ${WORKLOADS.map((w) => w.name).join(', ')}`)
    return found
  })
}
