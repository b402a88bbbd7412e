import { Memcache } from 'memlane'
import { rateLimit } from 'memlane/recipes'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})

/** Gives the status of a response. */
async function logIn(address) {
  const { allowed, used, resetSeconds } = await rateLimit(cache, `login:${address}`, {
    limit: 3,
    windowSeconds: 3600,
    onFailure: 'allow', // without a cache, every address may try to log in
  })
  if (allowed) return `200, ${used} of 3`
  return resetSeconds > 3000 ? '429, Retry-After: about an hour' : '429'
}

for (let request = 0; request < 4; request++) console.log(await logIn('203.0.113.7'))

await cache.close()
