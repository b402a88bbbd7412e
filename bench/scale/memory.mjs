// Memory of one client that is connected to many servers, per server: after the first batch, after a large value from
// each of them, and after a time without commands. The servers are unix sockets of another process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { withServers } from './unix-servers.mjs'

const USAGE = `Usage: node bench/scale/memory.mjs [options]

  --dist <folder>    build to measure: dist of this checkout when left out
  --servers <number> servers: 1000 when left out
  --value <bytes>    length of the large texts: 100000 when left out
  --idle <seconds>   time without commands: 60 when left out`

const SELF = fileURLToPath(import.meta.url)
const HERE = fileURLToPath(new URL('../../dist', import.meta.url))
/** Keys for each server, so that every server has some of them. */
const KEYS_PER_SERVER = 8
/** Servers that a large value is read from at a time. */
const AT_A_TIME = 10

const { values: args } = parseArgs({
  options: {
    dist: { type: 'string', default: HERE },
    servers: { type: 'string', default: '1000' },
    idle: { type: 'string', default: '60' },
    value: { type: 'string', default: '100000' },
    help: { type: 'boolean', default: false },
    client: { type: 'boolean', default: false },
  },
})
const count = Number(args.servers)

if (args.help) console.log(USAGE)
else if (args.client) await measure(JSON.parse(await text(process.stdin)))
else await withServers(count, runClient)

/** Runs the client in a process of its own, where garbage can be collected. */
async function runClient(paths) {
  const child = spawn(process.execPath, ['--expose-gc', SELF, '--client', ...process.argv.slice(2)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  child.stdin.end(JSON.stringify(paths))
  const [code] = await once(child, 'exit')
  process.exitCode = code
}

async function measure(paths) {
  const { Memcache } = await import(pathToFileURL(resolve(args.dist, 'index.mjs')).href)
  const client = new Memcache(paths, { timeoutMs: 30_000, connectTimeoutMs: 30_000 })
  const none = memory()
  const print = (when) => console.log(row(when, memory(), none))
  console.log(`${count} servers, Node ${process.version}; kB for each server`)
  console.log(`${''.padEnd(34)}${['heap', 'buffers', 'both', 'rss'].map((name) => name.padStart(9)).join('')}`)
  print('not connected')
  await client.connect()
  print('connected')
  const keys = Array.from({ length: count * KEYS_PER_SERVER }, (_, index) => `key:${index}`)
  await client.setMany(keys.map((key) => [key, 'x'.repeat(100)]))
  await client.getMany(keys)
  print('after setMany and getMany')
  await readLargeValues(client, keys)
  print(`after a text of ${args.value} bytes each`)
  await setTimeout(Number(args.idle) * 1000)
  print(`after ${args.idle} s without commands`)
  await client.close()
}

/** Stores one large text on every server, and reads it. */
async function readLargeValues(client, keys) {
  const keyOf = new Map(keys.map((key) => [client.serverFor(key).name, key]))
  const chosen = [...keyOf.values()]
  const text = 'x'.repeat(Number(args.value))
  for (let at = 0; at < chosen.length; at += AT_A_TIME) {
    const some = chosen.slice(at, at + AT_A_TIME)
    await Promise.all(some.map((key) => client.set(key, text)))
    const found = await Promise.all(some.map((key) => client.get(key)))
    if (found.some((value) => value !== text)) throw new Error('a wrong value')
  }
}

function memory() {
  for (let round = 0; round < 3; round++) globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed, buffers: external, both: heapUsed + external, rss }
}

function row(when, now, none) {
  const figures = Object.keys(now).map((name) => ((now[name] - none[name]) / 1000 / count).toFixed(1).padStart(9))
  return `${when.padEnd(34)}${figures.join('')}`
}
