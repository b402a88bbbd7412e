// Question: what does it cost that each of 64 callers of one load gets an object of its own, read from the stored form?
// node bench/micro/shared-load.mjs [path of an older build's dist: it always gives the loader's own object]
import { fileURLToPath } from 'node:url'

const [, , older] = process.argv
const dist = older ?? fileURLToPath(new URL('../../dist', import.meta.url))
const { Memcache } = await import(`${dist}/index.mjs`)
const { MemcachedServer } = await import(`${dist}/testing.mjs`)

const CALLERS = 64
const LOADS = 2_000
const ROUNDS = 7

const rows = (count) => Array.from({ length: count }, (_, id) => ({ id, name: `name ${id}`, tags: ['a', 'b'] }))
const VALUES = [
  ['a text of 100 bytes', 'x'.repeat(100)],
  ['an object of 1 kB', rows(20)],
  ['an object of 50 kB', rows(1_000)],
  ['bytes of 50 kB', new Uint8Array(50_000)],
]

const server = await MemcachedServer.start()
const cache = new Memcache(server.address, { timeoutMs: 60_000 })
console.log(`${CALLERS} callers of one load, node ${process.versions.node}, CPU of client and embedded server`)
for (const [title, value] of VALUES) {
  for (const fresh of older === undefined ? ['asStored', 'asLoaded'] : ['older']) {
    const costs = []
    for (let round = 0; round < ROUNDS; round++) costs.push(await costOf(value, fresh))
    const median = costs.toSorted((a, b) => a - b)[ROUNDS >> 1]
    console.log(`${median.toFixed(1).padStart(9)} \u00b5s a load  ${title}, ${fresh}`)
  }
}
cache.destroy()
await server.close()

/** Microseconds of CPU for one load that all callers share. */
async function costOf(value, fresh) {
  const loads = value.length >= 1_000 ? LOADS / 10 : LOADS
  const options = fresh === 'asLoaded' ? { fresh } : {}
  const before = process.cpuUsage()
  for (let load = 0; load < loads; load++) {
    const key = `k${load % 100}`
    await cache.delete(key)
    await Promise.all(Array.from({ length: CALLERS }, () => cache.getOrSet(key, () => value, options)))
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / loads
}
