// Question: which is the shortest way from a thread that blocks to a memcached and back?
//
// Bare forms, one `get` of 100 bytes at a time, no client around them. Who waits, who spins for a moment, who writes, who
// reads. They take turns in short rounds; the median of the rounds is printed, and the process's CPU time per call.
//
// What it decided: `MemcacheSync` has the caller write to the socket and read from it (its direct way), and no other thread is
// woken. A look in vain is an error that is thrown and caught; without its stack it costs half as much, and if the first
// look comes when the reply is about due there is seldom one. A caller that sleeps between two looks pays for the waking,
// so it sleeps only when a reply takes longer than a round trip on one machine. Neither the worker's event loop nor WASI's
// poll wakes the caller as soon. A read that blocks in the kernel costs the waking too, and no other thread can end it, so
// that neither a timeout nor the end of the process would hold.
import { readSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { WASI } from 'node:wasi'
import { Worker } from 'node:worker_threads'
import { openServer } from '../macro/server.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 9)
const CALLS = 2000
const REQUEST = 'get sync:bridge\r\n'
const DATA_AT = 64
const [REQUESTED, ANSWERED, LENGTH, FD] = [0, 1, 2, 3]

/** Waits for requests outside its event loop, which it needs for the answer only. */
const ALTERNATING = `
  const { workerData: { memory, address, spinMs } } = require('node:worker_threads')
  const header = new Int32Array(memory, 0, 16)
  const bytes = Buffer.from(memory, ${DATA_AT})
  let seen = 0
  const socket = require('node:net').connect({ ...address, noDelay: true, onread: { buffer: Buffer.allocUnsafeSlow(65536), callback } })
  function callback(length, buffer) {
    buffer.copy(bytes, 0, 0, length)
    header[${LENGTH}] = length
    Atomics.add(header, ${ANSWERED}, 1)
    Atomics.notify(header, ${ANSWERED})
    next()
    return true
  }
  function next() {
    const end = spinMs > 0 ? performance.now() + spinMs : 0
    while (end > 0 && Atomics.load(header, ${REQUESTED}) === seen && performance.now() < end);
    while (Atomics.load(header, ${REQUESTED}) === seen) Atomics.wait(header, ${REQUESTED}, seen)
    seen = Atomics.load(header, ${REQUESTED})
    socket.write(${JSON.stringify(REQUEST)}, 'latin1')
  }
  socket.on('connect', next)
`

/** Stays in its event loop and reads into shared memory. */
const READING = `
  const { workerData: { memory, address } } = require('node:worker_threads')
  const header = new Int32Array(memory, 0, 16)
  const socket = require('node:net').connect({ ...address, noDelay: true, onread: { buffer: Buffer.from(memory, ${DATA_AT}), callback } })
  function callback(length) {
    header[${LENGTH}] = length
    Atomics.add(header, ${ANSWERED}, 1)
    Atomics.notify(header, ${ANSWERED})
    return true
  }
  socket.on('connect', () => {
    header[${FD}] = socket._handle.fd
    Atomics.notify(header, ${FD})
  })
`

const server = await openServer()
const address = { host: server.host, port: server.port }
await store()
const forms = [
  ['both wait; the worker writes and reads', alternating(0, 0)],
  ['the caller spins for 100 µs, then waits', alternating(0.1, 0)],
  ['the worker spins for 30 µs, then waits', alternating(0, 0.03)],
  ['the caller writes, the worker’s event loop reads', callerWrites(0)],
  ['the same, and the caller spins for 30 µs before it waits', callerWrites(0.03)],
  ['the caller writes and reads again and again', await polling()],
  ['the same, without the stacks of the errors', await polling({ stackTraceLimit: 0 })],
  ['the same, and the first read 2 µs after the write', await polling({ stackTraceLimit: 0, firstMs: 0.002 })],
  ['the same, 4 µs', await polling({ stackTraceLimit: 0, firstMs: 0.004 })],
  ['the same, 8 µs', await polling({ stackTraceLimit: 0, firstMs: 0.008 })],
  ['the same, at once, and 10 µs of sleep between two reads', await polling({ stackTraceLimit: 0, sleepMs: 0.01 })],
  ['the caller writes, waits by WASI’s poll, and reads', await wasiPolling()],
  ['the caller writes and reads, blocked in the kernel', await blocking()],
]
const results = forms.map(() => [])
for (const [, call] of forms) measure(call)
for (let round = 0; round < ROUNDS; round++) {
  for (let at = 0; at < forms.length; at++) {
    const index = (at + round) % forms.length
    results[index].push(measure(forms[index][1]))
  }
}
for (const [index, [title]] of forms.entries()) {
  const sorted = results[index].toSorted((a, b) => a.micros - b.micros)
  const { micros, cpuMicros } = sorted[sorted.length >> 1]
  const columns = [`${micros.toFixed(1).padStart(7)} µs`, `(best ${sorted[0].micros.toFixed(1)})`.padEnd(13)]
  console.log(`${columns.join(' ')} CPU ${cpuMicros.toFixed(1).padStart(6)} µs  ${title}`)
}
server.close()
process.exit(0)

function measure(call) {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  for (let at = 0; at < CALLS; at++) if (call() < 100) throw new Error('a short answer')
  const micros = ((performance.now() - startedAt) / CALLS) * 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { micros, cpuMicros: (user + system) / CALLS }
}

function startWorker(code, spinMs) {
  const memory = new SharedArrayBuffer(DATA_AT + 65_536)
  new Worker(code, { eval: true, workerData: { memory, address, spinMs } }).unref()
  return new Int32Array(memory, 0, 16)
}

function alternating(callerSpinMs, workerSpinMs) {
  const header = startWorker(ALTERNATING, workerSpinMs)
  return () => {
    const seen = Atomics.load(header, ANSWERED)
    Atomics.add(header, REQUESTED, 1)
    Atomics.notify(header, REQUESTED)
    const end = callerSpinMs > 0 ? performance.now() + callerSpinMs : 0
    while (end > 0 && Atomics.load(header, ANSWERED) === seen && performance.now() < end);
    while (Atomics.load(header, ANSWERED) === seen) Atomics.wait(header, ANSWERED, seen)
    return header[LENGTH]
  }
}

function callerWrites(spinMs) {
  const header = startWorker(READING, 0)
  Atomics.wait(header, FD, 0)
  const request = Buffer.from(REQUEST)
  return () => {
    const seen = Atomics.load(header, ANSWERED)
    writeSync(header[FD], request)
    const end = spinMs > 0 ? performance.now() + spinMs : 0
    while (end > 0 && Atomics.load(header, ANSWERED) === seen && performance.now() < end);
    while (Atomics.load(header, ANSWERED) === seen) Atomics.wait(header, ANSWERED, seen)
    return header[LENGTH]
  }
}

async function openSocket() {
  const socket = connect({ ...address, noDelay: true })
  await new Promise((resolve) => socket.once('connect', resolve))
  socket._handle.readStop()
  return socket._handle
}

async function blocking() {
  const handle = await openSocket()
  handle.setBlocking(true)
  const [request, answer] = [Buffer.from(REQUEST), Buffer.alloc(4096)]
  return () => {
    writeSync(handle.fd, request)
    return readSync(handle.fd, answer, 0, answer.length, null)
  }
}

async function polling({ stackTraceLimit = Error.stackTraceLimit, firstMs = 0, sleepMs = 0 } = {}) {
  const { fd } = await openSocket()
  const [request, answer] = [Buffer.from(REQUEST), Buffer.alloc(4096)]
  const never = new Int32Array(new SharedArrayBuffer(4))
  return () => {
    writeSync(fd, request)
    const firstAt = firstMs > 0 ? performance.now() + firstMs : 0
    while (firstAt > 0 && performance.now() < firstAt);
    const usualLimit = Error.stackTraceLimit
    Error.stackTraceLimit = stackTraceLimit
    try {
      for (;;) {
        try {
          return readSync(fd, answer, 0, answer.length, null)
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error
          if (sleepMs > 0) Atomics.wait(never, 0, 0, sleepMs)
        }
      }
    } finally {
      Error.stackTraceLimit = usualLimit
    }
  }
}

/** `poll_oneoff` of WASI waits for a file descriptor and a clock at once; its layout is that of WASI preview 1. */
async function wasiPolling() {
  const { fd } = await openSocket()
  process.removeAllListeners('warning')
  const wasi = new WASI({ version: 'preview1', stdin: fd, stdout: fd, stderr: fd, returnOnExit: true })
  // A module with nothing but two pages of memory, exported as `memory`.
  const module = [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 2, 7, 10, 1, 6, 109, 101, 109, 111, 114, 121, 2, 0]
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)), {})
  wasi.initialize(instance)
  const view = new DataView(instance.exports.memory.buffer)
  view.setUint32(16, 1, true)
  view.setBigUint64(24, 1_000_000_000n, true)
  view.setUint8(56, 1)
  const [request, answer] = [Buffer.from(REQUEST), Buffer.alloc(4096)]
  return () => {
    writeSync(fd, request)
    wasi.wasiImport.poll_oneoff(0, 200, 2, 400)
    return readSync(fd, answer, 0, answer.length, null)
  }
}

async function store() {
  const socket = connect(address)
  socket.write(`set sync:bridge 0 0 100\r\n${'x'.repeat(100)}\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
}
