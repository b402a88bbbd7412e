import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})
const BUCKET_SECONDS = 60
const BUCKETS = 10

function bucketKey(name, ago) {
  const bucket = Math.floor(Date.now() / 1000 / BUCKET_SECONDS) - ago
  return `count:${name}:${bucket}`
}

/** Notes one event. */
async function note(name) {
  await cache.incr(bucketKey(name, 0), 1, { initial: 1, ttl: BUCKET_SECONDS * (BUCKETS + 1) })
}

/** How many events there were in the last ten minutes, give or take the oldest one. */
async function recent(name) {
  const keys = Array.from({ length: BUCKETS }, (_, ago) => bucketKey(name, ago))
  const counts = await cache.getMany(keys)
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

await Promise.all(Array.from({ length: 25 }, () => note('login')))
console.log(await recent('login'), 'logins')

await cache.close()
