import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Problem } from './problem.mjs'

const CALLER_PROCESS = fileURLToPath(new URL('./caller-process.mjs', import.meta.url))

/** A process that cannot tick, because its client blocks it, has this long from one sign of life to the next. */
const SILENT_MS = 60_000
/** A process that is busy without an end may still tick now and then. */
const OVERDUE_MS = 150_000

/**
 * The process of a client, as the referee sees it. A call hangs when its process has ticked `hangTicks` times (ten a second
 * at most) and no call settled meanwhile: a process that gets no time from a busy machine does not tick either.
 */
export class Caller {
  #child
  #client
  #hangTicks
  #batches = new Map()
  #asked = new Map()
  #nextId = 1
  #ticksWithoutNews = 0
  #lastSign = performance.now()
  #lastNews = performance.now()
  #output = ''
  #watching
  /** Settles when the process has ended. */
  exited

  constructor(client, hangTicks) {
    this.#client = client
    this.#hangTicks = hangTicks
    this.#child = fork(CALLER_PROCESS, {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-8000)))
    this.#child.on('message', (message) => this.#receive(message))
    this.#child.on('error', () => undefined)
    this.exited = new Promise((resolve) => this.#child.on('exit', (code, signal) => resolve({ code, signal })))
    this.exited.then(() => this.#endAll('crash', lastLine(this.#output)))
    this.#watching = setInterval(() => this.#watch(), 1000)
  }

  get pid() {
    return this.#child.pid
  }

  /** Makes the client of the process, or another one: its number is `which` in other calls. */
  open(config) {
    return this.#ask('open', { clientName: this.#client.name, config })
  }

  keys(names) {
    return this.#ask('keys', { names })
  }

  block(ms) {
    return this.#ask('block', { ms })
  }

  memory() {
    return this.#ask('memory', {})
  }

  close(which) {
    return this.#ask('close', { which })
  }

  /** Whether the process still answers. */
  echo() {
    return this.#ask('echo', {})
  }

  /** Leaves the process to its client. */
  async leave() {
    await this.#ask('leave', {})
  }

  /**
   * Makes calls, each `[method, ...args]`, without waiting for them. Gives `outcomes`, in the order of the calls, and
   * `settled`, which rejects with a `Problem` where one of them hangs or the process ends.
   */
  start(calls, { everyMs, which } = {}) {
    const batch = this.#nextId++
    const outcomes = calls.map(() => ({ kind: 'pending' }))
    // The process tells nothing about no calls.
    if (calls.length === 0) return { outcomes, settled: Promise.resolve() }
    const settled = new Promise((resolve, reject) =>
      this.#batches.set(batch, { outcomes, left: calls.length, resolve, reject }),
    )
    // Whoever does not wait for it does not want to know.
    settled.catch(() => undefined)
    this.#noteNews()
    this.#send({ type: 'start', batch, calls, everyMs, which })
    return { outcomes, settled }
  }

  /** Makes calls and waits for all. */
  async run(calls, options) {
    const { outcomes, settled } = this.start(calls, options)
    await settled
    return outcomes
  }

  /** Ends the process, whatever it does. */
  async end() {
    clearInterval(this.#watching)
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #ask(type, input) {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#noteNews()
      this.#send({ id, type, ...input })
    })
  }

  #send(message) {
    if (this.#child.connected) this.#child.send(message, () => undefined)
    else this.#endAll('crash', lastLine(this.#output))
  }

  #receive({ id, tick, outcomes, ...answer }) {
    this.#lastSign = performance.now()
    if (tick) {
      this.#ticksWithoutNews++
      return
    }
    this.#noteNews()
    if (outcomes !== undefined) for (const outcome of outcomes) this.#settle(outcome)
    if (id !== undefined) this.#answer(id, answer)
  }

  #answer(id, { result, error }) {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(Object.assign(new Error(error.message), error))
  }

  #settle({ batch, index, ...outcome }) {
    const known = this.#batches.get(batch)
    // Settled after it was given up as hanging.
    if (known === undefined) return
    const { outcomes, resolve } = known
    if (outcomes[index].kind !== 'pending') {
      this.#endAll('wrong', 'a call settled twice')
      return
    }
    outcomes[index] = outcome
    if (--known.left > 0) return
    this.#batches.delete(batch)
    resolve()
  }

  #watch() {
    const isWaiting = this.#batches.size > 0 || this.#asked.size > 0
    if (!isWaiting) return
    const now = performance.now()
    const isSilent = now - this.#lastSign > SILENT_MS || now - this.#lastNews > OVERDUE_MS
    // Loading a client and reading many calls take long on a busy machine; calls have their own times.
    const patience = this.#batches.size > 0 ? 1 : 3
    if (this.#ticksWithoutNews < this.#hangTicks * patience && !isSilent) return
    const left = [...this.#batches.values()].reduce((sum, batch) => sum + batch.left, 0)
    const all = [...this.#batches.values()].reduce((sum, { outcomes }) => sum + outcomes.length, 0)
    this.#endAll('hang', left > 0 ? `${left} of ${all} calls did not settle` : 'the client did not answer')
  }

  #noteNews() {
    this.#ticksWithoutNews = 0
    this.#lastSign = performance.now()
    this.#lastNews = this.#lastSign
  }

  #endAll(verdict, detail) {
    const problem = new Problem(verdict, detail)
    for (const { reject } of [...this.#batches.values(), ...this.#asked.values()]) reject(problem)
    this.#batches.clear()
    this.#asked.clear()
  }
}

function lastLine(text) {
  const lines = text.trim().split('\n')
  return `the process ended: ${lines.find((line) => /^\w*Error/.test(line.trim())) ?? lines.at(-1) ?? 'no words'}`.slice(
    0,
    300,
  )
}
