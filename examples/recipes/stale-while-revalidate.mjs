import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})
let edition = 0

async function renderPage({ stale }) {
  if (stale !== undefined) console.log('in the background, instead of', stale)
  edition++
  return `edition ${edition}`
}

function frontPage() {
  return cache.getOrSet('page:front', renderPage, {
    ttl: 60,
    refreshAhead: 10, // in its last 10 seconds one caller renders it anew, nobody waits
    staleOnError: 600, // when rendering fails, the old page serves for 10 minutes more
  })
}

// Why a page could not be rendered; those who asked for it got the old one.
cache.on('commandError', ({ error }) => console.error(error.message))

console.log(await frontPage())

// The page has changed. Readers keep the old one until the new one is there, 30 seconds at most.
await cache.invalidate('page:front', { staleFor: 30 })
console.log(await frontPage())

await cache.close() // waits for what is being loaded
console.log('rendered', edition, 'times')
