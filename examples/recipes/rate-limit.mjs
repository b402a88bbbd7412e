import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  failures: 'miss',
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})

/** Whether the client may have one more request in this window. */
async function mayPass(client, limit, windowSeconds) {
  const window = Math.floor(Date.now() / 1000 / windowSeconds)
  // The window is part of the key: a new one starts at 1, and old ones expire by themselves.
  const count = await cache.incr(`rate:${client}:${window}`, 1, { initial: 1, ttl: windowSeconds * 2 })
  // Without a cache nobody is counted, and everybody may pass: say so if you want it otherwise.
  return count === undefined || count <= limit
}

const answers = []
for (let request = 0; request < 5; request++) answers.push(await mayPass('203.0.113.7', 3, 3600))
console.log(answers.filter(Boolean).length, 'of', answers.length, 'passed')

await cache.close()
