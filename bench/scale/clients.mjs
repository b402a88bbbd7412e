// One client with many servers: construct it, change its list, connect it, and what it holds. Each number of servers has a
// process of its own, with garbage collection; the servers are unix sockets of another one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ms, printTable, quantile } from './table.mjs'
import { withServers } from './unix-servers.mjs'

const SELF = fileURLToPath(import.meta.url)
const CONSTRUCTIONS = 25
const CHANGES = 30
const BATCHES = 15
const BATCH_KEYS = 1000
/** For a busy machine: nothing here measures a limit of time. */
const PATIENT = { timeoutMs: 30_000, connectTimeoutMs: 30_000 }

/** Measures a client for each number of servers. */
export async function measureClients(counts) {
  const rows = []
  for (const count of counts) await withServers(count, async (paths) => rows.push(await runClient(paths)))
  printRows(rows)
  return rows
}

async function runClient(paths) {
  const child = spawn(process.execPath, ['--expose-gc', SELF, '--client'], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(paths))
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`the client of ${paths.length} servers ended with code ${code}`)
  return JSON.parse(output)
}

async function measure(paths) {
  const { Memcache } = await import('../../dist/index.mjs')
  const constructions = Array.from({ length: CONSTRUCTIONS }, () => {
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
    const client = new Memcache(paths)
    const took = { ms: performance.now() - startedAt, cpuMs: cpuSince(cpu) }
    client.destroy()
    return took
  })
  const changes = await measureChanges(Memcache, paths)
  return { servers: paths.length, constructions, changes, ...(await measureConnected(Memcache, paths)) }
}

/** Gives lists through a source of servers, each with another server replaced, and takes the longest turn. */
async function measureChanges(Memcache, paths) {
  const source = new Lists()
  const client = new Memcache(source, { ...PATIENT, cluster: { failover: 'none' } })
  source.give(paths)
  await client.get('key')
  const changes = []
  for (let at = 0; at < CHANGES; at++) {
    const list = paths.with((at * 7) % paths.length, `/nowhere/${at}.sock`)
    const [longest, cpu] = [watchTurns(), process.cpuUsage()]
    source.give(list)
    await turn()
    await turn()
    changes.push({ ms: longest(), cpuMs: cpuSince(cpu) })
  }
  client.destroy()
  return changes
}

/** CPU of the process since, all threads, in milliseconds: on a busy machine it says more than the time. */
function cpuSince(before) {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Source of servers that gives a list when it is told to. */
class Lists {
  #lists = []
  #wake = () => undefined

  give(list) {
    this.#lists.push(list)
    this.#wake()
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#lists.length === 0) await new Promise((resolve) => (this.#wake = resolve))
      yield this.#lists.shift()
    }
  }
}

/** Returns a function that ends the watch and returns the longest turn of the event loop since. */
function watchTurns() {
  let last = performance.now()
  let longest = 0
  let isOn = true
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (isOn) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    isOn = false
    look()
    return longest
  }
}

async function measureConnected(Memcache, paths) {
  const none = memory()
  const client = new Memcache(paths, PATIENT)
  const constructed = memory()
  await client.get('key')
  const afterFirstGet = client.servers.filter(({ connections }) => connections.open > 0).length
  const startedAt = performance.now()
  await client.connect()
  const connectMs = performance.now() - startedAt
  const keys = Array.from({ length: BATCH_KEYS }, (_, at) => `key:${at}`)
  await client.setMany(keys.map((key) => [key, 'x'.repeat(100)]))
  const batches = await timesOf(BATCHES, () => client.getMany(keys))
  const connected = memory()
  await client.close()
  const perServer = (from, to) => (to - from) / 1000 / paths.length
  return {
    afterFirstGet,
    connectMs,
    batchMs: quantile(batches, 0.5),
    unconnectedKb: perServer(none, constructed),
    connectedKb: perServer(none, connected),
  }
}

async function timesOf(count, run) {
  const times = []
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now()
    await run()
    times.push(performance.now() - startedAt)
  }
  return times
}

/** Heap and buffers after garbage collection, in bytes. */
function memory() {
  for (let round = 0; round < 3; round++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function leastOf(times) {
  return Math.min(...times.map((time) => time.ms))
}

function medianCpu(times) {
  return quantile(
    times.map(({ cpuMs }) => cpuMs),
    0.5,
  )
}

function printRows(rows) {
  const header = ['servers', ...rows.map(({ servers }) => servers)]
  const row = (title, cell) => [title, ...rows.map(cell)]
  printTable('One client', header, [
    row('construct: first, ms', ({ constructions }) => ms(constructions[0].ms)),
    row('construct: least, ms', ({ constructions }) => ms(leastOf(constructions))),
    row('construct: median, ms of CPU', ({ constructions }) => ms(medianCpu(constructions))),
    row('changed list: first, ms blocked', ({ changes }) => ms(changes[0].ms)),
    row('changed list: least, ms blocked', ({ changes }) => ms(leastOf(changes))),
    row('changed list: median, ms of CPU', ({ changes }) => ms(medianCpu(changes))),
    row('connections after the first get', ({ afterFirstGet }) => afterFirstGet),
    row('connect() to all, ms', ({ connectMs }) => ms(connectMs)),
    row(`getMany of ${BATCH_KEYS} keys of 100 bytes, median, ms`, ({ batchMs }) => ms(batchMs)),
    row('memory of a server, not connected, kB', ({ unconnectedKb }) => unconnectedKb.toFixed(1)),
    row('memory of a server, connected and used, kB', ({ connectedKb }) => connectedKb.toFixed(1)),
  ])
}

if (process.argv.includes('--client')) console.log(JSON.stringify(await measure(JSON.parse(await text(process.stdin)))))
