import { randomUUID } from 'node:crypto'
import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})

/** Runs the work if nobody else is at it. Gives whether it did. */
async function withLock(name, seconds, work) {
  const key = `lock:${name}`
  const owner = randomUUID()
  // The first to add wins. The ttl frees the lock of a holder that died.
  if (!(await cache.add(key, owner, { ttl: seconds }))) return false
  try {
    await work()
  } finally {
    // Only our own lock: it may have run out, and be somebody else's by now.
    const held = await cache.gets(key)
    if (held?.value === owner) await cache.cas(key, 'free', held.cas, { ttl: 1 })
  }
  return true
}

async function report() {
  console.log('the report is being made')
  await new Promise((resolve) => setTimeout(resolve, 50))
}

const [first, second] = await Promise.all([withLock('report', 30, report), withLock('report', 30, report)])
console.log(first, second)

await cache.close()
