// getMany over many servers through one link, with and without `readWindow`: what the link loses where its buffer is full
// comes 200 ms later, as with TCP. The link is played: bytes leave it one after the other, at its rate.
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { Duplex } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { withServers } from './unix-servers.mjs'

const USAGE = `Usage: node bench/scale/read-window.mjs [options]

  --dist <folder>     build to measure: dist of this checkout when left out
  --servers <number>  servers: 1000 when left out
  --keys <number>     keys of a call: 1000 when left out
  --sizes <bytes,…>   lengths of the values: 100,1000,10000 when left out
  --windows <n,…>     values of readWindow: none,16,64 when left out
  --rate <bytes>      bytes per second of the link: 125000000 when left out, 1 Gb/s
  --buffer <bytes>    buffer of the link: 150000 when left out
  --rtt <ms>          round trip: 0.3 when left out
  --rounds <number>   calls for each row: 15 when left out`

const RETRANSMIT_MS = 200

const { values: args } = parseArgs({
  options: {
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    servers: { type: 'string', default: '1000' },
    keys: { type: 'string', default: '1000' },
    sizes: { type: 'string', default: '100,1000,10000' },
    windows: { type: 'string', default: 'none,16,64' },
    rate: { type: 'string', default: '125000000' },
    buffer: { type: 'string', default: '150000' },
    rtt: { type: 'string', default: '0.3' },
    rounds: { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
})

/** The link of the client: what all servers answer passes it in turn. */
class Link {
  lostBytes = 0
  bytes = 0
  unanswered = new Set()
  most = 0
  #isShaped = false
  #freeAt = 0
  #queue = []
  #isPumping = false

  constructor({ rate, buffer, rtt }) {
    this.bytesPerMs = Number(rate) / 1000
    this.buffer = Number(buffer)
    this.rttMs = Number(rtt)
  }

  start() {
    Object.assign(this, { lostBytes: 0, bytes: 0, most: 0 })
    this.#isShaped = true
  }

  stop() {
    this.#isShaped = false
  }

  ask(server) {
    this.unanswered.add(server)
    this.most = Math.max(this.most, this.unanswered.size)
  }

  /** Takes what a server answers; each stream keeps its order. */
  take(stream, bytes) {
    if (!this.#isShaped) return stream.pass(bytes)
    stream.waiting.push(bytes)
    if (stream.waiting.length === 1) this.#send(stream)
  }

  /** Sends what waits of a stream. What finds the buffer full is lost, and sent again later. */
  #send(stream) {
    while (stream.waiting.length > 0) {
      const now = performance.now()
      const [bytes] = stream.waiting
      if (Math.max(0, this.#freeAt - now) * this.bytesPerMs > this.buffer) {
        this.lostBytes += bytes.length
        setTimeout(() => this.#send(stream), RETRANSMIT_MS)
        return
      }
      stream.waiting.shift()
      this.bytes += bytes.length
      this.#freeAt = Math.max(this.#freeAt, now) + bytes.length / this.bytesPerMs
      this.#queue.push({ at: this.#freeAt + this.rttMs, pass: () => stream.pass(bytes) })
      this.#pump()
    }
  }

  #pump() {
    if (this.#isPumping) return
    this.#isPumping = true
    const turn = () => {
      const now = performance.now()
      while (this.#queue.length > 0 && this.#queue[0].at <= now) this.#queue.shift().pass()
      this.#isPumping = this.#queue.length > 0
      if (this.#isPumping) setImmediate(turn)
    }
    setImmediate(turn)
  }
}

/** A stream to a server whose answers come through the link. */
function dial(link, path) {
  const socket = connect(path)
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      if (chunk.includes('get ')) link.ask(stream)
      socket.write(chunk, () => done())
    },
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  stream.waiting = []
  stream.pass = (bytes) => {
    if (bytes.includes('END\r\n')) link.unanswered.delete(stream)
    stream.push(bytes)
  }
  socket.on('data', (bytes) => link.take(stream, bytes))
  socket.on('error', (error) => stream.destroy(error))
  return new Promise((resolve) => socket.on('connect', () => resolve(stream)))
}

async function measure(paths) {
  const { Memcache } = await import(pathToFileURL(resolve(args.dist, 'index.mjs')).href)
  console.log(`${args.servers} servers, ${args.keys} keys; milliseconds, median and worst of ${args.rounds} calls`)
  console.log('value       window    median     worst   link alone   unanswered   lost kB')
  for (const size of args.sizes.split(',').map(Number)) {
    for (const window of args.windows.split(',')) {
      await measureRow(Memcache, paths, size, window === 'none' ? undefined : Number(window))
    }
  }
}

async function measureRow(Memcache, paths, size, readWindow) {
  const link = new Link(args)
  const client = new Memcache(paths, {
    timeoutMs: 30_000,
    connectTimeoutMs: 30_000,
    connect: ({ path }) => dial(link, path),
    cluster: readWindow === undefined ? {} : { readWindow },
  })
  await client.connect()
  const keys = Array.from({ length: Number(args.keys) }, (_, index) => `${size}:${index}`)
  await client.setMany(keys.map((key) => [key, 'x'.repeat(size)]))
  const times = []
  let [lost, most, aloneMs] = [0, 0, 0]
  for (let round = -3; round < Number(args.rounds); round++) {
    link.start()
    const startedAt = performance.now()
    const found = await client.getMany(keys)
    if (found.size !== keys.length) throw new Error('a key is missing')
    if (round >= 0) times.push(performance.now() - startedAt)
    lost += link.lostBytes
    most = Math.max(most, link.most)
    aloneMs = link.bytes / link.bytesPerMs + link.rttMs
  }
  link.stop()
  await client.close()
  times.sort((a, b) => a - b)
  const [median, worst] = [times[times.length >> 1], times.at(-1)].map((ms) => ms.toFixed(1).padStart(10))
  const window = String(readWindow ?? 'none').padStart(6)
  console.log(
    `${String(size).padEnd(11)}${window}${median}${worst}${aloneMs.toFixed(1).padStart(13)}${String(most).padStart(13)}${String(Math.round(lost / 1000)).padStart(10)}`,
  )
}

if (args.help) console.log(USAGE)
else await withServers(Number(args.servers), measure)
