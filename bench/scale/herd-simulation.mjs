// A server that many processes lose at once, played with the delays of src: attempts to connect while it is out, and
// connections when it is back. No sockets and no waiting.
import { importSource } from './source.mjs'
import { grouped, percent, printTable, quantile } from './table.mjs'

const PROCESSES = 10_000
const WINDOW_MS = 100
/** Mean time between two commands of a process for one server, in milliseconds. */
const COMMAND_MS = 50

/** What the processes are when the server goes, and for how long it is out. */
const SCENARIOS = [
  { title: 'one server alone', servers: 1, busy: true, outageMs: 5000 },
  { title: 'one of 1,000, commands waiting', servers: 1000, busy: true, outageMs: 5000 },
  { title: 'one of 1,000, commands waiting', servers: 1000, busy: true, outageMs: 30_000 },
  { title: 'one of 1,000, commands waiting', servers: 1000, busy: true, outageMs: 300_000 },
  { title: 'one of 1,000, idle connections', servers: 1000, busy: false, outageMs: 5000 },
  { title: 'one of 1,000, idle, back at once', servers: 1000, busy: false, outageMs: 0 },
  { title: 'most servers out', servers: 1000, busy: true, outageMs: 30_000, mostlyDown: true },
]

/** Plays every scenario. */
export async function simulateHerds() {
  const source = await importSource('cluster/health.ts', 'cluster/options.ts', 'pool/backoff.ts', 'errors.ts')
  const rows = SCENARIOS.map((scenario) => ({ ...scenario, processes: PROCESSES, ...play(source, scenario) }))
  printRows(rows)
  return rows
}

function play(source, scenario) {
  const events = new Timeline()
  const attempts = []
  const returns = []
  const attempt = (succeed, fail) => {
    attempts.push(events.now)
    if (events.now < scenario.outageMs) return fail()
    returns.push(events.now - scenario.outageMs)
    succeed()
  }
  for (let process = 0; process < PROCESSES; process++) startProcess(source, scenario, events, attempt)
  events.run()
  return {
    attempts: attempts.length,
    firstAttempts: attempts.filter((at) => at < WINDOW_MS).length,
    peakAttempts: peakOf(attempts),
    peakReturns: peakOf(returns),
    medianReturnMs: quantile(returns, 0.5),
    lateReturnMs: quantile(returns, 0.99),
  }
}

function startProcess(source, scenario, events, attempt) {
  const { servers, busy } = scenario
  if (servers === 1) return reconnect(source, events, attempt, 0)
  const health = createHealth(source, scenario, events, attempt)
  const error = new source.ConnectError('it is out')
  if (busy) return health.fail(error)
  // Nothing waits for an answer, so that only the next command finds out.
  const commandMs = -Math.log(1 - Math.random()) * COMMAND_MS
  const afterMs = Math.max(source.idleLossMs(servers), commandMs)
  const connect = () =>
    attempt(
      () => undefined,
      () => health.fail(error),
    )
  events.after(afterMs, connect)
}

/** A server alone has no health: its pool connects after each delay while commands keep coming. */
function reconnect(source, events, attempt, failures) {
  events.after(source.backoffMs(failures, false, 1), () =>
    attempt(
      () => undefined,
      () => reconnect(source, events, attempt, failures + 1),
    ),
  )
}

function createHealth({ Health, resolveClusterOptions }, { mostlyDown = false }, events, attempt) {
  const health = new Health({
    options: resolveClusterOptions({}).health,
    clock: { now: () => events.now, after: (delayMs, run) => events.after(delayMs, run), random: Math.random },
    probe: () =>
      attempt(
        () => health.admit(),
        () => health.refuse(new Error('it is out')),
      ),
    mostlyDown: () => mostlyDown,
    onAvailability() {},
    onDown() {},
    onUp() {},
  })
  return health
}

/** Events in the order of their times: a heap. */
class Timeline {
  now = 0
  #heap = []

  after(delayMs, run) {
    const event = { at: this.now + delayMs, run }
    this.#heap.push(event)
    this.#rise(this.#heap.length - 1)
    return () => (event.run = () => undefined)
  }

  run() {
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      this.now = event.at
      event.run()
    }
  }

  #take() {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length > 0) {
      heap[0] = last
      this.#sink(0)
    }
    return first
  }

  #rise(at) {
    const heap = this.#heap
    for (let up = (at - 1) >> 1; at > 0 && heap[up].at > heap[at].at; at = up, up = (at - 1) >> 1) swap(heap, at, up)
  }

  #sink(at) {
    const heap = this.#heap
    for (;;) {
      let least = at
      for (const down of [2 * at + 1, 2 * at + 2]) if (heap[down]?.at < heap[least].at) least = down
      if (least === at) return
      swap(heap, at, least)
      at = least
    }
  }
}

function swap(heap, one, other) {
  ;[heap[one], heap[other]] = [heap[other], heap[one]]
}

/** Returns the most times within one window. */
function peakOf(times) {
  const counts = new Map()
  for (const time of times) {
    const window = Math.floor(time / WINDOW_MS)
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

function printRows(rows) {
  const title = `Herd, simulated: ${grouped(PROCESSES)} processes lose a server; attempts and connections of all in ${WINDOW_MS} ms, seconds until a process is back`
  const header = ['', 'out for s', 'first 100 ms', 'peak attempts', 'peak returns', 'of all', 'p50 s', 'p99 s']
  const cells = rows.map((row) => [
    row.title,
    row.outageMs / 1000,
    grouped(row.firstAttempts),
    grouped(row.peakAttempts),
    grouped(row.peakReturns),
    percent(row.peakReturns / PROCESSES),
    (row.medianReturnMs / 1000).toFixed(1),
    (row.lateReturnMs / 1000).toFixed(1),
  ])
  printTable(title, header, cells)
}
