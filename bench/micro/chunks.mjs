// Question: what do values in chunks cost beside raw items, and how long does a small read wait beside a large one?
// node bench/micro/chunks.mjs [address]     (a memcached with -m 1024)

import { chunks, getStream, setStream } from '../../dist/chunks.mjs'
import { Memcache } from '../../dist/index.mjs'

const [, , address = 'localhost:11211'] = process.argv
const options = { timeoutMs: 60_000 }
const large = new Memcache(address, { ...options, chunks: chunks() })
const plain = new Memcache(address, options)
const CHUNK = 523_264
const value = Buffer.alloc(10_000_000, 'memlane ')
const pieces = Array.from({ length: 20 }, (_, at) => [`piece:${at}`, value.subarray(at * CHUNK, (at + 1) * CHUNK)])

await report('10 MB as raw items, setMany and getMany', 50, async () => {
  await plain.setMany(pieces)
  await plain.getMany(pieces.map(([key]) => key))
})
await report('10 MB in chunks, set and get', 50, async () => {
  await large.set('value', value)
  await large.get('value')
})

const huge = Buffer.alloc(50_000_000, 'memlane ')
await large.set('huge', huge)
await large.set('small', Buffer.alloc(64))
const waits = []
for (let round = 0; round < 10; round++) {
  const reading = { done: false }
  const both = Promise.all([large.get('huge'), large.get('huge')]).finally(() => (reading.done = true))
  while (!reading.done) {
    const start = performance.now()
    await large.get('small')
    waits.push(performance.now() - start)
  }
  await both
}
waits.sort((a, b) => a - b)
const at = (share) => waits[Math.floor(share * (waits.length - 1))].toFixed(1)
console.log(`64 B beside two reads of 50 MB: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`)

async function* gigabyte() {
  const piece = Buffer.alloc(1_000_000, 'memlane ')
  for (let count = 0; count < 1000; count++) yield piece
}
globalThis.gc?.()
const before = process.memoryUsage()
let most = 0
const timer = setInterval(() => {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  most = Math.max(most, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers)
}, 5)
const start = performance.now()
await setStream(large, 'stream', gigabyte(), { ttl: 60 })
let bytes = 0
for await (const piece of (await getStream(large, 'stream')) ?? []) bytes += piece.length
clearInterval(timer)
const seconds = (performance.now() - start) / 1000
console.log(
  `stream of 1 GB, there and back: ${seconds.toFixed(1)} s, ${bytes} bytes, at most ${(most / 1e6).toFixed(0)} MB more in memory`,
)
await large.close()
await plain.close()

async function report(what, rounds, run) {
  for (let round = 0; round < 5; round++) await run()
  const cpu = process.cpuUsage()
  const begin = performance.now()
  for (let round = 0; round < rounds; round++) await run()
  const { user, system } = process.cpuUsage(cpu)
  const time = (performance.now() - begin) / rounds
  console.log(`${what}: ${time.toFixed(1)} ms, ${((user + system) / 1000 / rounds).toFixed(1)} ms CPU`)
}
