// 2,000 clients in four processes lose one of their servers, which comes back: connections that it accepts in each 100 ms.
// A real memcached on loopback; under a minute.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { percent, printTable, quantile } from './table.mjs'

const USAGE = `Usage: node bench/scale/herd.mjs [options]

  --clients <number>    clients in all: 2000 when left out
  --processes <number>  processes that they are in: 4 when left out
  --servers <number>    servers of each client: 20 when left out; all keys are of the one that goes
  --out <ms>            time for which the server is away: 5000 when left out
  --every <ms>          mean time between two commands of a client: 1000 when left out
  --limit <ms>          longest time to watch the clients after that: 25000 when left out

  MEMCACHED_PROGRAM=path names another memcached.`

const SELF = fileURLToPath(import.meta.url)
const WINDOW_MS = 100
/** Time for the clients to become steady, and time without new connections after which the herd is over. */
const STEADY_MS = 3000
const HOST = '127.0.0.1'

const OPTIONS = {
  clients: { type: 'string', default: '2000' },
  processes: { type: 'string', default: '4' },
  servers: { type: 'string', default: '20' },
  out: { type: 'string', default: '5000' },
  every: { type: 'string', default: '1000' },
  limit: { type: 'string', default: '25000' },
  role: { type: 'string' },
  help: { type: 'boolean', default: false },
}

/** Starts a server and the clients, takes the server away and brings it back. */
export async function runHerd(args = []) {
  const { values } = parseArgs({ args, options: OPTIONS })
  const target = new Memcached()
  const clients = []
  try {
    await target.start()
    clients.push(...startClients(values, target.port))
    await Promise.all(clients.map(({ ready }) => ready))
    const figures = await watchHerd(values, target, clients)
    printFigures(figures)
    return figures
  } finally {
    for (const { child } of clients) child.kill()
    target.kill()
  }
}

/** A memcached on a port of its own, which it has again after it was killed. */
class Memcached {
  #child
  port

  async start() {
    this.port ??= 20_000 + Math.floor(Math.random() * 40_000)
    const program = process.env.MEMCACHED_PROGRAM ?? 'memcached'
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
    const place = ['-l', HOST, '-p', String(this.port), '-U', '0', '-t', '1', '-c', '8192', '-b', '4096']
    this.#child = spawn(program, [...place, ...user], { stdio: ['ignore', 'ignore', 'inherit'] })
    await this.#untilReached()
  }

  async #untilReached() {
    for (let attempt = 0; attempt < 200; attempt++) {
      if ((await this.countConnections()) !== undefined) return
      if (this.#child.exitCode !== null) throw new Error(`memcached ended with code ${this.#child.exitCode}`)
      await pause(10)
    }
    throw new Error('memcached does not answer')
  }

  kill() {
    this.#child?.kill('SIGKILL')
  }

  /** Returns the connections that the server accepted since its start; undefined while it does not answer. */
  async countConnections() {
    const socket = connect(this.port, HOST)
    try {
      await once(socket, 'connect')
      socket.write('stats\r\n')
      let answer = ''
      for await (const bytes of socket) {
        answer += bytes
        if (answer.endsWith('END\r\n')) break
      }
      return Number(/STAT total_connections (\d+)/.exec(answer)?.[1])
    } catch {
      return undefined
    } finally {
      socket.destroy()
    }
  }
}

function startClients({ clients, processes, servers, every }, port) {
  return Array.from({ length: Number(processes) }, () => {
    const child = spawn(process.execPath, [SELF, '--role', 'clients'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const settings = { count: Math.ceil(clients / processes), servers, every, port }
    child.stdin.write(`${JSON.stringify(settings)}\n`)
    return {
      child,
      ready: lines.next(),
      /** Ends the clients, and returns what they report. */
      report: async () => {
        child.stdin.write('report\n')
        return JSON.parse((await lines.next()).value)
      },
    }
  })
}

async function watchHerd({ clients, out, limit }, target, processes) {
  await pause(STEADY_MS)
  target.kill()
  await pause(Number(out))
  await target.start()
  const startedAt = Date.now()
  const accepted = []
  let before = await target.countConnections()
  let lookedAt = performance.now()
  for (let quietMs = 0; accepted.length * WINDOW_MS < limit && quietMs < STEADY_MS; quietMs += WINDOW_MS) {
    await pause(WINDOW_MS)
    const now = await target.countConnections()
    const tookMs = performance.now() - lookedAt
    // Each look is a connection too, and comes late on a busy machine.
    accepted.push(Math.round(((now - before - 1) * WINDOW_MS) / tookMs))
    if (now > before + 1 || before < clients) quietMs = 0
    before = now
    lookedAt += tookMs
  }
  const reports = await Promise.all(processes.map(({ report }) => report()))
  const back = reports.flatMap((report) => report.backAt).map((at) => at - startedAt)
  return {
    clients: Number(clients),
    outMs: Number(out),
    acceptedPerWindow: accepted,
    peak: Math.max(...accepted),
    backCount: back.length,
    medianBackMs: quantile(back, 0.5),
    lateBackMs: quantile(back, 0.99),
    calls: sum(reports, ({ calls }) => calls),
    failedCalls: sum(reports, ({ failed }) => failed),
  }
}

function sum(list, numberOf) {
  return list.reduce((total, one) => total + numberOf(one), 0)
}

function printFigures({
  clients,
  outMs,
  acceptedPerWindow,
  peak,
  backCount,
  medianBackMs,
  lateBackMs,
  calls,
  failedCalls,
}) {
  printTable(
    `Herd: ${clients} clients lose one server for ${outMs} ms`,
    ['', ''],
    [
      [
        `most connections accepted in ${WINDOW_MS} ms after its return`,
        `${peak} (${percent(peak / clients)} of the clients)`,
      ],
      ['clients that use it again', backCount],
      ['half of them after, ms', Math.round(medianBackMs)],
      ['99 % of them after, ms', Math.round(lateBackMs)],
      ['calls of all clients, and those that failed', `${calls}, ${failedCalls}`],
    ],
  )
  console.log(`\naccepted in each ${WINDOW_MS} ms: ${acceptedPerWindow.join(' ')}`)
}

/**
 * Keeps the clients of one process busy with a key of the server that goes. Without failover no other server is ever
 * connected, so that the machine has only this herd to carry.
 */
async function runClients(lines) {
  const { Memcache } = await import('../../dist/index.mjs')
  const { count, servers, every, port } = JSON.parse((await lines.next()).value)
  const others = Array.from({ length: servers - 1 }, (_, at) => `10.0.0.${at}`)
  const options = { timeoutMs: 10_000, connectTimeoutMs: 10_000, cluster: { failover: 'none' } }
  const list = [`memcached://${HOST}:${port}?name=target`, ...others]
  const clients = Array.from({ length: count }, () => new Memcache(list, options))
  const key = keyOf(clients[0], 'target')
  for (const client of clients) await client.get(key)
  const state = { calls: 0, failed: 0, backAt: [] }
  for (const client of clients) keepAsking(client, key, Number(every), state)
  console.log('ready')
  await lines.next()
  console.log(JSON.stringify(state))
}

function keyOf(client, server) {
  for (let number = 0; ; number++) if (client.serverFor(`key:${number}`).name === server) return `key:${number}`
}

/** Asks for a key at random times, and notes when the server answers again. */
async function keepAsking(client, key, every, state) {
  for (let isOut = false; ; ) {
    await pause(Math.random() * 2 * every)
    state.calls++
    const failed = await client.get(key).then(
      () => false,
      () => true,
    )
    if (failed) state.failed++
    else if (isOut) state.backAt.push(Date.now())
    isOut = failed
  }
}

if (process.argv[1] === SELF) {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) console.log(USAGE)
  else if (values.role === 'clients')
    await runClients(createInterface({ input: process.stdin })[Symbol.asyncIterator]())
  else await runHerd(process.argv.slice(2))
}
