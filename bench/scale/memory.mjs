// Memory of one client that is connected to many servers, per server: after the first batch, after a large value from
// each of them, and after a time without commands. The servers are unix sockets of another process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

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
    role: { type: 'string', default: 'main' },
    folder: { type: 'string', default: '' },
  },
})
const count = Number(args.servers)
const paths = Array.from({ length: count }, (_, index) => join(args.folder, `${index}.sock`))

if (args.help) console.log(USAGE)
else await { main, servers: serve, client: measure }[args.role]()

/** Runs the servers and the client, each in a process of its own. */
async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-scale-'))
  const servers = start('servers', folder, ['ignore', 'pipe', 'inherit'])
  try {
    await once(servers.stdout, 'data')
    const [code] = await once(start('client', folder, 'inherit'), 'exit')
    process.exitCode = code
  } finally {
    servers.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function start(role, folder, stdio) {
  const { dist, servers, idle, value } = args
  const settings = { dist, servers, idle, value, role, folder }
  const flags = Object.entries(settings).map(([name, setting]) => `--${name}=${setting}`)
  return spawn(process.execPath, ['--expose-gc', SELF, ...flags], { stdio })
}

async function serve() {
  const { MemcachedServer } = await import(pathToFileURL(join(HERE, 'testing.mjs')).href)
  await Promise.all(paths.map((path) => MemcachedServer.start({ path })))
  console.log('listening')
}

async function measure() {
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
