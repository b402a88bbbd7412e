// Question: how fast is MemcacheSync beside pylibmc, pymemcache, and synckit over the asynchronous client?
//
// All of them live at the same time, and are measured one after the other, in many short rounds that begin with another
// one each time; the ratios are those of neighbouring measurements, their median is printed, and the quarters around it.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSyncFn } from 'synckit'
import { MemcacheSync } from '../../dist/sync.mjs'
import { findPythonClients } from '../macro/python-cell.mjs'
import { openServer } from '../macro/server.mjs'

const KEY_COUNT = 100
const VALUE_LENGTH = 100
const ROUNDS = Number(process.env.ROUNDS ?? 15)
const COUNTS = { get: 1500, set: 1500, many: 300 }

const server = await openServer()
const address = `${server.host}:${server.port}`
const peers = [memlane('memlane', {}), memlane('memlane, the worker', { direct: false }), synckit()]
for (const [name, { interpreter }] of findPythonClients(() => true)) peers.push(python(name, interpreter))

for (const what of Object.keys(COUNTS)) {
  for (const peer of peers) await peer.measure(what, COUNTS[what] * 2)
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) {
    const results = []
    for (let at = 0; at < peers.length; at++) {
      const index = (at + round) % peers.length
      results[index] = await peers[index].measure(what, COUNTS[what])
      if (results[index].wrong > 0) throw new Error(`${peers[index].name}: ${results[index].wrong} wrong answers`)
    }
    rounds.push(results)
  }
  print(what, rounds)
}
for (const peer of peers) peer.close()
server.close()
process.exit(0)

function print(what, rounds) {
  console.log(`\n${what === 'many' ? `getMany of ${KEY_COUNT} keys` : what}, one at a time, ${VALUE_LENGTH}-byte texts`)
  for (const [index, { name }] of peers.entries()) {
    const micros = quartiles(rounds.map((results) => results[index].micros))
    const cpu = quartiles(rounds.map((results) => results[index].cpuMicros))
    const ratio = quartiles(rounds.map((results) => results[index].micros / results[0].micros))
    const parts = [
      name.padEnd(20),
      `${micros[1].toFixed(1).padStart(8)} µs`,
      `(best ${Math.min(...rounds.map((results) => results[index].micros)).toFixed(1)})`.padEnd(14),
      `CPU ${cpu[1].toFixed(1).padStart(6)} µs`,
      `memlane is ${ratio[1].toFixed(2)} times as fast (${ratio[0].toFixed(2)} to ${ratio[2].toFixed(2)})`,
    ]
    console.log(parts.join('  '))
  }
}

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return [0.25, 0.5, 0.75].map((part) => sorted[Math.floor(part * (sorted.length - 1))])
}

function prepare(prefix) {
  const keys = Array.from({ length: KEY_COUNT }, (_, index) => `${prefix}:${String(index).padStart(5, '0')}`)
  return { keys, values: new Map(keys.map((key) => [key, key.padEnd(VALUE_LENGTH, 'x')])) }
}

/** A closed loop in this process, over functions that block. */
function local(name, { get, set, getMany, close }) {
  const { keys, values } = prepare(`sync:${name.replace(/\W/g, '')}`)
  for (const [key, value] of values) set(key, value)
  const calls = {
    get: (at) => get(keys[at % KEY_COUNT]) === values.get(keys[at % KEY_COUNT]),
    set: (at) => set(keys[at % KEY_COUNT], values.get(keys[at % KEY_COUNT])) === true,
    many: () => getMany(keys).size === KEY_COUNT,
  }
  const measure = (what, count) => {
    let wrong = 0
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    for (let at = 0; at < count; at++) if (!calls[what](at)) wrong++
    const micros = ((performance.now() - startedAt) / count) * 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    return { micros, cpuMicros: (user + system) / count, wrong }
  }
  return { name, measure, close }
}

function memlane(name, options) {
  const cache = new MemcacheSync(address, options)
  return local(name, {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.getMany(keys),
    close: () => cache.close(),
  })
}

function synckit() {
  const call = createSyncFn(fileURLToPath(new URL('./sync-synckit-worker.mjs', import.meta.url)))
  call('open', address)
  return local('synckit 0.12.3', {
    get: (key) => call('get', key),
    set: (key, value) => call('set', key, value),
    getMany: (keys) => call('getMany', keys),
    close: () => undefined,
  })
}

function python(name, interpreter) {
  const program = fileURLToPath(new URL('../python/sync_peer.py', import.meta.url))
  const child = spawn(interpreter, [program, name, server.host, String(server.port), `sync:${name}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const measure = async (what, count) => {
    child.stdin.write(`${what} ${count}\n`)
    const [micros, cpuMicros, wrong] = (await lines.next()).value.split(' ').map(Number)
    return { micros, cpuMicros, wrong }
  }
  return { name, measure, close: () => child.kill() }
}
