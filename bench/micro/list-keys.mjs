// Question: what does a listing of a million keys cost: the client's CPU per key, its memory, and the other clients of the server?
// node bench/micro/list-keys.mjs [memcached] [keys]
import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Memcache } from '../../dist/index.mjs'
import { deleteMatching, listKeys } from '../../dist/keys.mjs'

const [, , program = 'memcached', keyCount = '1000000', role, address] = process.argv
const KEYS = Number(keyCount)
const PINGING_CLIENTS = 8
const BATCH = 50_000
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`

if (role === 'ping') await pingUntilTold()
else await measureAll()

/** Another process: eight clients that read without a pause, one read at a time. */
async function pingUntilTold() {
  const clients = Array.from({ length: PINGING_CLIENTS }, () => new Memcache(address, { connectTimeoutMs: 60_000 }))
  let times = []
  let failed = 0
  let stopped = false
  process.on('message', (message) => {
    if (message === 'stop') {
      stopped = true
      return
    }
    process.send({ times: times.toSorted((a, b) => a - b), failed })
    times = []
    failed = 0
  })
  await Promise.all(
    clients.map(async (cache, index) => {
      while (!stopped) {
        const startedAt = performance.now()
        await cache.get(`k${index}`).catch(() => failed++)
        times.push(performance.now() - startedAt)
        await sleep(1)
      }
    }),
  )
  for (const cache of clients) cache.destroy()
  process.disconnect()
}

async function measureAll() {
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  const server = spawn(program, ['-p', `${port}`, '-l', '127.0.0.1', '-m', '1024', '-t', '4', ...user], {
    stdio: 'ignore',
  })
  const cache = new Memcache(`127.0.0.1:${port}`, { timeoutMs: 60_000, connectTimeoutMs: 60_000 })
  try {
    await sleep(500)
    console.log(
      `${execFileSync(program, ['--version']).toString().trim()}, node ${process.versions.node}, ${KEYS} keys`,
    )
    for (let from = 0; from < KEYS; from += BATCH) {
      await cache.setMany(Array.from({ length: Math.min(BATCH, KEYS - from) }, (_, at) => [`k${from + at}`, 'x']))
    }
    await sleep(5000)
    await measureBeside(cache, `127.0.0.1:${port}`)
  } finally {
    cache.destroy()
    server.kill('SIGKILL')
  }
}

async function measureBeside(cache, target) {
  const pinger = spawn(process.execPath, [fileURLToPath(import.meta.url), program, keyCount, 'ping', target], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const pings = () =>
    new Promise((resolve) => {
      pinger.once('message', resolve)
      pinger.send('report')
    })
  const report = async (title, work) => {
    await pings()
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    const said = await work()
    const seconds = (performance.now() - startedAt) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const { times, failed } = await pings()
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]?.toFixed(2)
    const perKey = ((user + system) / KEYS).toFixed(2)
    console.log(`${title}: ${said}; ${seconds.toFixed(1)} s, ${perKey} µs CPU per key of the server`)
    console.log(
      `  reads beside it: ${times.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms, ${failed} failed`,
    )
  }
  await sleep(2000)
  await report('nothing', async () => {
    await sleep(4000)
    return 'for comparison'
  })
  await report('a listing', () => list(cache))
  await report('a listing by a prefix of few keys', () => list(cache, { prefix: 'k99999' }))
  await report('a listing whose reader stops', () => stall(cache, {}))
  await report('a listing whose reader stops, with room for 16 MB', () => stall(cache, { maxBufferedBytes: 2 ** 24 }))
  await report('a second listing right behind it', () => list(cache, {}, new Set()))
  await report('deleteMatching by a prefix', async () => `${await deleteMatching(cache, { prefix: 'k1' })} deleted`)
  pinger.send('stop')
}

/** Counts keys. To tell whether any came twice costs more than the listing, so that is a row of its own. */
async function list(cache, options, seen) {
  let count = 0
  let highest = 0
  for await (const { key } of listKeys(cache, options)) {
    count++
    seen?.add(key)
    if (count % 20_000 === 0) highest = Math.max(highest, process.memoryUsage().arrayBuffers)
  }
  const different = seen === undefined ? '' : `, ${seen.size} different`
  return `${count} keys${different}, at most ${megabytes(highest)} of buffers`
}

/** Takes one key, and no other for four seconds. */
async function stall(cache, options) {
  const iterator = listKeys(cache, options)[Symbol.asyncIterator]()
  await iterator.next()
  await sleep(4000)
  const held = process.memoryUsage().arrayBuffers
  let end
  try {
    for (let result = await iterator.next(); result.done !== true; ) result = await iterator.next()
    end = 'read to its end afterwards'
  } catch (error) {
    end = error.name
  }
  return `${megabytes(held)} of buffers after 4 s, then ${end}`
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
