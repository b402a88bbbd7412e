// Question: what does the near cache save, in CPU of the client, reads of the server, and latency?
// node bench/near-cache.mjs [--pairs 3] [--seconds 2] [cases]
//
// New processes without a near cache, with one, and with a shared one take turns. Each reads keys by Zipf's law, warms up, and
// then counts for so many seconds of its own CPU: rates say nothing on a busy machine. Printed are medians of all pairs.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Servers } from './macro/servers.mjs'

const SELF = fileURLToPath(import.meta.url)
const LIMIT_MS = 300_000

const CASES = {
  'text-1': { title: '100 B text, 1 at a time', keys: 100_000, exponent: 0.99, inFlight: 1, kind: 'text' },
  'text-64': { title: '100 B text, 64 in flight', keys: 100_000, exponent: 0.99, inFlight: 64, kind: 'text' },
  'json-1': { title: '10 kB JSON, 1 at a time', keys: 20_000, exponent: 0.99, inFlight: 1, kind: 'json' },
  'json-64': { title: '10 kB JSON, 64 in flight', keys: 20_000, exponent: 0.99, inFlight: 64, kind: 'json' },
  'hot-1': {
    title: '100 B, zipf 1.2, 1 % writes',
    keys: 100_000,
    exponent: 1.2,
    inFlight: 1,
    kind: 'text',
    writes: 100,
  },
}
const MODES = { off: undefined, near: {}, shared: { shared: true } }

const { values: options, positionals } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
    child: { type: 'string' },
  },
  allowPositionals: true,
})
await (options.child === undefined ? compare(positionals) : measure(JSON.parse(options.child)))

async function compare(names) {
  const servers = await Servers.open()
  try {
    const [server] = await servers.for('memlane', 'one')
    for (const name of names.length === 0 ? Object.keys(CASES) : names) await compareCase(CASES[name], server)
  } finally {
    await servers.close()
  }
}

async function compareCase(task, server) {
  await run({ task, server, fills: true })
  const rows = Object.fromEntries(Object.keys(MODES).map((mode) => [mode, []]))
  for (let pair = 0; pair < Number(options.pairs); pair++) {
    for (const mode of Object.keys(MODES)) rows[mode].push(await run({ task, server, mode }))
  }
  console.log(`${task.title}, zipf ${task.exponent}, ${task.keys} keys`)
  const base = medianOf(rows.off, 'cpu')
  for (const [mode, results] of Object.entries(rows)) {
    const cpu = medianOf(results, 'cpu')
    const [p50, p99, gets, hits] = ['p50', 'p99', 'gets', 'hits'].map((field) => medianOf(results, field))
    console.log(
      `  ${mode.padEnd(7)} ${cpu.toFixed(2).padStart(6)} µs CPU (× ${(cpu / base).toFixed(2)})  p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs` +
        `  near hits ${(100 * hits).toFixed(1)} %, reads of the server ${(100 * gets).toFixed(1)} %`,
    )
  }
}

function run(input) {
  const args = [SELF, '--dist', options.dist, '--seconds', options.seconds, '--child', JSON.stringify(input)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: LIMIT_MS }, (error, stdout, stderr) =>
      error ? reject(new Error(`a process failed: ${stderr.trim() || error.message}`)) : resolve(JSON.parse(stdout)),
    )
  })
}

function medianOf(results, field) {
  const sorted = results.map((result) => result[field]).toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

async function measure({ task, server, mode, fills = false }) {
  const { Memcache } = await import(`${options.dist}/index.mjs`)
  const { nearCache } = await import(`${options.dist}/near-cache.mjs`)
  const near = mode === undefined ? undefined : MODES[mode]
  const cache = new Memcache(server, {
    timeoutMs: 30_000,
    connectTimeoutMs: 30_000,
    ...(near && { nearCache: nearCache({ ttlMs: 1000, ...near }) }),
  })
  const result = fills ? await fill(cache, task) : await count(cache, task)
  await cache.close()
  console.log(JSON.stringify(result))
}

async function fill(cache, { keys, kind }) {
  for (let from = 0; from < keys; from += 500) {
    const entries = Array.from({ length: Math.min(500, keys - from) }, (_, at) => [`key:${from + at}`, valueFor(kind)])
    await cache.setMany(entries)
  }
  return {}
}

function valueFor(kind) {
  if (kind === 'text') return 'x'.repeat(100)
  const rows = Array.from({ length: 100 }, (_, id) => ({
    id,
    name: `name of row ${id}`,
    tags: ['red', 'blue'],
    on: true,
    at: id * 1e6,
  }))
  return { total: rows.length, rows }
}

async function count(cache, task) {
  const keys = zipf(task)
  const loop = { at: 0, stopped: false, times: [] }
  const workers = Array.from({ length: task.inFlight }, () => work(cache, task, keys, loop))
  await spend(1)
  const [getsBefore, before, cpu] = [await gets(cache), loop.at, process.cpuUsage()]
  const nearBefore = cache.nearCache?.hits ?? 0
  loop.times.length = 0
  await spend(Number(options.seconds))
  const { user, system } = process.cpuUsage(cpu)
  const reads = loop.at - before
  const hits = (cache.nearCache?.hits ?? 0) - nearBefore
  const times = Float64Array.from(loop.times).sort()
  const quantile = (part) => times[Math.floor(part * (times.length - 1))] * 1000
  loop.stopped = true
  await Promise.all(workers)
  const asked = (await gets(cache)) - getsBefore
  return {
    cpu: (user + system) / reads,
    hits: hits / reads,
    gets: asked / reads,
    p50: quantile(0.5),
    p99: quantile(0.99),
  }
}

async function work(cache, { writes = 0, kind }, keys, loop) {
  while (!loop.stopped) {
    const turn = loop.at++
    const key = `key:${keys[turn % keys.length]}`
    if (writes > 0 && turn % writes === 0) {
      await cache.set(key, valueFor(kind))
      continue
    }
    const begin = performance.now()
    const value = await cache.get(key)
    if (turn % 7 === 0) loop.times.push(performance.now() - begin)
    if (value === undefined) throw new Error(`${key} is gone`)
    // Answers that are near never come by the event loop.
    if (turn % 64 === 0) await new Promise(setImmediate)
  }
}

async function gets(cache) {
  const [stats] = (await cache.stats()).values()
  return stats.cmd_get
}

/** Lets the workers run until the process has used so many seconds of CPU. */
async function spend(seconds) {
  const start = process.cpuUsage()
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 4))
    const { user, system } = process.cpuUsage(start)
    if (user + system >= seconds * 1e6) return
  }
}

/** Indexes of keys, the first one the most frequent, always in the same order. */
function zipf({ keys, exponent }) {
  const sums = new Float64Array(keys)
  let sum = 0
  for (let rank = 0; rank < keys; rank++) sums[rank] = sum += 1 / (rank + 1) ** exponent
  let state = 1
  return Uint32Array.from({ length: 1_000_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return rankOf(sums, (state / 2 ** 32) * sum)
  })
}

function rankOf(sums, at) {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle] < at) low = middle + 1
    else high = middle
  }
  return low
}
