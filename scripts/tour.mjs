// A short tour: what memlane does, on a server inside this process or on a real one (MEMCACHED=host:port).
import { styleText, inspect as utilInspect } from 'node:util'
import { Memcache } from '../dist/index.mjs'
import { MemcachedServer } from '../dist/testing.mjs'

const SECONDS_PER_RACE = 2
const AT_ONCE = 512

const title = (text) => console.log(`\n${styleText('bold', text)}`)
const show = (code, value) =>
  console.log(`  ${styleText('cyan', code.padEnd(58))} ${styleText('green', inspect(value))}`)

/** One line, as the debugger shows it: `{ value: 1, cas: 6n }`. */
function inspect(value) {
  return utilInspect(value, { breakLength: Number.POSITIVE_INFINITY })
}

async function typedValues(cache, prefix) {
  title('Values keep their types')
  await cache.set(`${prefix}user`, { name: 'Zoë', tags: ['admin'] }, { ttl: 60 })
  show("await cache.get('user')", await cache.get(`${prefix}user`))
  await cache.set(`${prefix}big`, 12345678901234567890n)
  show("await cache.get('big')", await cache.get(`${prefix}big`))
  show("await cache.get('user:2')", await cache.get(`${prefix}user:2`))
}

async function counters(cache, prefix) {
  title('Counters')
  show("await cache.incr('visits', 1, { initial: 1 })", await cache.incr(`${prefix}visits`, 1, { initial: 1 }))
  show("await cache.incr('visits', 41)", await cache.incr(`${prefix}visits`, 41))
  show("await cache.decr('visits', 2n)", await cache.decr(`${prefix}visits`, 2n))
}

async function checkAndSet(cache, prefix) {
  title('Check and set: a value changes only if it is still the one that was read')
  await cache.set(`${prefix}seats`, 1)
  const seen = await cache.gets(`${prefix}seats`)
  show("await cache.gets('seats')", seen)
  show("await cache.cas('seats', 0, seen.cas)", await cache.cas(`${prefix}seats`, 0, seen.cas))
  show("await cache.cas('seats', -1, seen.cas)", await cache.cas(`${prefix}seats`, -1, seen.cas))
}

async function manyKeys(cache, prefix) {
  title('1,000 keys in one call')
  const entries = Array.from({ length: 1000 }, (_, index) => [`${prefix}item:${index}`, { index }])
  show('await cache.setMany(entries)   // the keys NOT stored', await cache.setMany(entries, { ttl: 60 }))
  const start = performance.now()
  const found = await cache.getMany(entries.map(([key]) => key))
  const took = performance.now() - start
  show('(await cache.getMany(keys)).size', found.size)
  console.log(`  in ${took.toFixed(1)} ms`)
  return entries.map(([key]) => key)
}

async function oneLoader(cache, prefix) {
  title('1,000 callers miss at once: one of them loads')
  let loads = 0
  const slowQuery = async () => {
    loads++
    await new Promise((resolve) => setTimeout(resolve, 50))
    return { rows: 42 }
  }
  const calls = Array.from({ length: 1000 }, () => cache.getOrSet(`${prefix}report`, slowQuery, { ttl: 60 }))
  const reports = await Promise.all(calls)
  show("await cache.getOrSet('report', slowQuery, { ttl: 60 })", reports[999])
  console.log(
    `  ${reports.length.toLocaleString('en')} callers served, the query ran ${loads === 1 ? 'once' : `${loads} times`}`,
  )
}

async function deadServer() {
  title('Three servers share the keys; one of them dies')
  const servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()))
  const cluster = new Memcache(servers.map((server) => server.address))
  try {
    const keys = Array.from({ length: 3000 }, (_, index) => `session:${index}`)
    await cluster.setMany(keys.map((key) => [key, key]))
    const counts = servers.map((_, index) => keys.filter((key) => cluster.hash(key) === index).length)
    console.log(`  keys by server: ${counts.join(' · ')}`)
    await servers[1].close()
    let failed = 0
    let slowestMs = 0
    for (let round = 0; round < 50; round++) {
      const start = performance.now()
      const answers = await Promise.allSettled(keys.slice(round * 20, round * 20 + 20).map((key) => cluster.get(key)))
      slowestMs = Math.max(slowestMs, performance.now() - start)
      failed += answers.filter(({ status }) => status === 'rejected').length
    }
    const states = cluster.servers.map(({ state }) => state)
    console.log(`  states now:     ${states.join(' · ')}`)
    console.log(
      `  1,000 reads: ${failed} failed, the slowest round took ${slowestMs.toFixed(0)} ms; its keys moved to the others`,
    )
  } finally {
    await cluster.close()
    await Promise.all(servers.map((server) => server.close()))
  }
}

const BAR_WIDTH = 28

/** Shows on a terminal how much of a race is done; each text replaces the one before. */
function progress(label, done) {
  if (!process.stdout.isTTY) return
  process.stdout.write(`\r\x1b[K${done === 1 ? '' : `  ${label}: ${Math.round(done * 100)} %`}`)
}

function showRate(label, rate, fastest) {
  const filled = Math.max(1, Math.round((rate / fastest) * BAR_WIDTH))
  const bar = styleText('green', '█'.repeat(filled)) + ' '.repeat(BAR_WIDTH - filled)
  console.log(`  ${label.padEnd(16)} ${bar} ${Math.round(rate).toLocaleString('en').padStart(10)} gets/s`)
}

/** Keeps `atOnce` gets in flight for a while, every answer checked. Returns the gets in a second. */
async function race(cache, keys, label, atOnce) {
  const start = performance.now()
  const end = start + SECONDS_PER_RACE * 1000
  let count = 0
  let now = start
  const worker = async (first) => {
    for (let index = first; now < end; index += atOnce) {
      const at = index % keys.length
      const value = await cache.get(keys[at])
      if (value?.index !== at) throw new Error(`${keys[at]} gave ${JSON.stringify(value)}`)
      if (++count % 64 === 0 || atOnce === 1) now = performance.now()
    }
  }
  const timer = setInterval(() => progress(label, (now - start) / (end - start)), 100)
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, first) => worker(first)))
  } finally {
    clearInterval(timer)
    progress(label, 1)
  }
  return (count * 1000) / (performance.now() - start)
}

async function throughput(cache, keys, isEmbedded) {
  title('Throughput: calls of one turn share a write and a command line')
  const single = await race(cache, keys, 'one at a time', 1)
  const many = await race(cache, keys, `${AT_ONCE} at once`, AT_ONCE)
  const fastest = Math.max(single, many)
  showRate('one at a time', single, fastest)
  showRate(`${AT_ONCE} at once`, many, fastest)
  console.log(
    `  ${styleText('bold', `${(many / single).toFixed(1)} times`)} as many on the same connection, every answer checked.`,
  )
  const where = isEmbedded
    ? 'Client and server share this process and one core here.'
    : 'The way to the server counts most for one call at a time.'
  console.log(`  ${where} npm run bench compares memlane with other clients.`)
}

function counted(cache) {
  title('All of it was counted, and can be sent to Prometheus or OpenTelemetry')
  const { calls, latency, writes } = cache.metrics()
  const { hits, misses } = calls.get
  show('cache.metrics().calls.get', { hits, misses })
  show('cache.metrics().latency', { p50: `${latency.p50} ms`, p99: `${latency.p99} ms` })
  show('cache.metrics().writes', { commandsPerWrite: Number(writes.commandsPerWrite.toFixed(1)) })
}

const address = process.env.MEMCACHED
const server = address ? undefined : await MemcachedServer.start()
const cache = new Memcache(address ?? server.address)
try {
  const [[name, version]] = await cache.version()
  console.log(`memlane on ${server ? 'its embedded server' : name} (speaks memcached ${version})`)
  const prefix = `memlane-tour:${process.pid}:`
  await typedValues(cache, prefix)
  await counters(cache, prefix)
  await checkAndSet(cache, prefix)
  await oneLoader(cache, prefix)
  const keys = await manyKeys(cache, prefix)
  await deadServer()
  await throughput(cache, keys, server !== undefined)
  counted(cache)
  await cache.deleteMany([...keys, ...['user', 'big', 'visits', 'seats', 'report'].map((key) => prefix + key)])
  if (server) console.log('\nThe same on a real server: MEMCACHED=localhost:11211 npm start')
} catch (error) {
  console.error(`\nThe tour ended early: ${error.message}`)
  process.exitCode = 1
} finally {
  await cache.close()
  await server?.close()
}
