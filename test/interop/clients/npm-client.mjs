// Sets and gets values with a client from npm: one job as JSON on stdin, its results as JSON on stdout.
import { readFileSync } from 'node:fs'

const job = JSON.parse(readFileSync(0, 'utf8'))

/** A client that answers at all does so within a millisecond. */
const ANSWER_MS = 2000

class NoAnswer extends Error {}

const clients = {
  async memjs() {
    const { default: memjs } = await import('memjs')
    const client = memjs.Client.create(`127.0.0.1:${job.port}`)
    return {
      set: (key, value) => client.set(key, value, {}),
      get: async (key) => (await client.get(key)).value,
    }
  },
  async memcached() {
    const { default: Memcached } = await import('memcached')
    // A value with line breaks that it did not write leaves its parser waiting for ever: a client for every call.
    const call = (start) =>
      new Promise((resolve, reject) => {
        const client = new Memcached(`127.0.0.1:${job.port}`)
        const silence = setTimeout(reject, ANSWER_MS, new NoAnswer())
        start(client, (error, value) => {
          clearTimeout(silence)
          if (error) reject(error)
          else resolve(value)
        })
      })
    return {
      set: (key, value) => call((client, done) => client.set(key, value, 0, done)),
      get: (key) => call((client, done) => client.get(key, done)),
    }
  },
  async memcache() {
    const { Memcache } = await import('memcache')
    const client = new Memcache(`127.0.0.1:${job.port}`)
    return {
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
    }
  },
  async 'memcache-client'() {
    const { default: memcacheClient } = await import('memcache-client')
    const MemcacheClient = memcacheClient.MemcacheClient ?? memcacheClient
    const client = new MemcacheClient({ server: `127.0.0.1:${job.port}` })
    return {
      set: async (key, value) => (await client.set(key, value)) !== undefined,
      get: async (key) => (await client.get(key))?.value,
    }
  },
}

function toJavaScript({ type, value }) {
  if (type === 'bytes') return Buffer.from(value, 'base64')
  if (type === 'int') return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)
  if (type === 'float') return Number(value)
  if (type === 'null') return null
  if (type === 'list') return value.map(toJavaScript)
  if (type === 'dict') return Object.fromEntries(value.map(([key, item]) => [key, toJavaScript(item)]))
  return value
}

function fromJavaScript(value) {
  if (value === null) return { type: 'null' }
  if (Buffer.isBuffer(value)) return { type: 'bytes', value: value.toString('base64') }
  if (typeof value === 'string') return { type: 'text', value }
  if (typeof value === 'boolean') return { type: 'bool', value }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int' : 'float', value: String(value) }
  if (Array.isArray(value)) return { type: 'list', value: value.map(fromJavaScript) }
  if (typeof value !== 'object') return { type: typeof value }
  return { type: 'dict', value: Object.entries(value).map(([key, item]) => [key, fromJavaScript(item)]) }
}

async function attempt(action) {
  try {
    return await action()
  } catch (error) {
    return { type: 'error', value: error.constructor.name }
  }
}

const { version } = JSON.parse(
  readFileSync(new URL(`../node_modules/${job.client}/package.json`, import.meta.url), 'utf8'),
)
const client = await clients[job.client]()
const stored = []
for (const [key, value] of job.set) {
  stored.push(await attempt(async () => (await client.set(key, toJavaScript(value))) === true))
}
const found = []
for (const key of job.get) found.push(await attempt(async () => fromJavaScript(await client.get(key))))
process.stdout.write(JSON.stringify({ version, stored, found }), () => process.exit())
