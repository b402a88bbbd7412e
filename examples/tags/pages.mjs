// Pages that depend on users and on the news: a change makes just those pages misses.
import { Memcache } from 'memlane'
import { tagged } from 'memlane/tags'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const pages = tagged(cache, { prefix: 'pages:' })
const users = new Map([
  ['1', 'Ada'],
  ['2', 'Grace'],
])
let rendered = 0

function page(id) {
  const render = () => {
    rendered++
    return `<h1>${users.get(id)}</h1>`
  }
  return pages.getOrSet(`profile:${id}`, render, { tags: [`user:${id}`, 'news'], ttl: 300 })
}

async function rename(id, name) {
  users.set(id, name)
  await pages.invalidateTags(`user:${id}`) // after the database has it, never before
}

const show = async () => console.log(await page('1'), await page('2'), rendered, 'rendered')

await show()
await show()
await rename('1', 'Ada Lovelace')
await show()
await pages.invalidateTags('news')
await show()

await cache.close()
