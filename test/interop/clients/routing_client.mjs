// Writes and reads texts on several servers with a client from npm: one job as JSON on stdin, its results on stdout.
import { readFileSync } from 'node:fs'

const job = JSON.parse(readFileSync(0, 'utf8'))

/** Gives a promise of what a callback gets. */
const call = (start) =>
  new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)))
  })

const clients = {
  async memjs() {
    const { default: memjs } = await import('memjs')
    const client = memjs.Client.create(job.servers.map(({ host, port }) => `${host}:${port}`).join(','), {
      timeout: 20,
      ...job.options,
    })
    return {
      set: (key, text) => client.set(key, text, {}),
      get: async (key) => (await client.get(key)).value?.toString() ?? null,
    }
  },
  async memcached() {
    const { default: Memcached } = await import('memcached')
    const servers = Object.fromEntries(job.servers.map(({ host, port, weight }) => [`${host}:${port}`, weight]))
    const client = new Memcached(servers, { timeout: 20_000, ...job.options })
    return {
      set: (key, text) => call((done) => client.set(key, text, 0, done)),
      get: async (key) => (await call((done) => client.get(key, done))) ?? null,
    }
  },
}

const { version } = JSON.parse(
  readFileSync(new URL(`../node_modules/${job.client}/package.json`, import.meta.url), 'utf8'),
)
const client = await clients[job.client]()
const stored = []
for (const [key, text] of job.set) stored.push(await client.set(key, text))
const found = []
for (const key of job.get) found.push(await client.get(key))
process.stdout.write(JSON.stringify({ version, stored, found }), () => process.exit())
