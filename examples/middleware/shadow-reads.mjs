// Sends one read in a hundred to a second cluster as well, without waiting for it.
import { Memcache } from 'memlane'
import { deriveOperation, executorOf } from 'memlane/middleware'

const SHARE = 0.01
const shadow = { asked: 0, hits: 0, failed: 0 }

/** Random in production; a count here, so that each run prints the same. */
let reads = 0
const isChosen = () => ++reads % (1 / SHARE) === 0

const [first, second] = process.argv.slice(2)
const secondCluster = new Memcache(second ?? 'localhost:11212')
const asked = []

const shadowReads = (next) => ({
  dispatch(operation) {
    if (operation.command === 'get' && isChosen()) {
      shadow.asked++
      asked.push(
        new Promise((resolve) => {
          const copy = deriveOperation(operation, {
            timeoutMs: 1000,
            settled({ error, result }) {
              if (error !== undefined) shadow.failed++
              else if (result === 'hit') shadow.hits++
              resolve()
            },
          })
          executorOf(secondCluster).dispatch(copy)
        }),
      )
    }
    next.dispatch(operation)
  },
})

const cache = new Memcache(first ?? 'localhost:11211', { middleware: [shadowReads] })
await cache.set('user:1', 'Ada')
await secondCluster.set('user:1', 'Ada')

await Promise.all(Array.from({ length: 1000 }, () => cache.get('user:1')))
await Promise.all(asked)
console.log(
  `${shadow.asked} of ${reads} reads went to the second cluster too: ${shadow.hits} hits, ${shadow.failed} failed`,
)
await cache.close()
await secondCluster.close()
