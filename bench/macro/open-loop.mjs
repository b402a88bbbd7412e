import { performance } from 'node:perf_hooks'
import { setTimeout, setImmediate as turn } from 'node:timers/promises'

/** A client that owes the answers of so much time has fallen over, in milliseconds. */
const MAX_BEHIND_MS = 500
/** How long the last calls may take, in milliseconds. */
const DRAIN_MS = 2000
/** Calls that a run may begin beyond those that its rate and time make on average: arrivals come by chance. */
const SPARE = 1.2

const BURST_EVERY_MS = 100
const BURST_CALLS = 5000

/**
 * An open loop: calls begin at times of their own, whatever became of those before, `rate` of them a second with
 * exponential gaps (Poisson arrivals). Latency counts from the time at which a call was to begin, so that a stall of
 * this process shows in all calls that it delayed. Between two looks at the clock the event loop turns once; whatever is
 * due by then begins at once.
 */
export async function runOpenLoop(calls, { rate, durationMs }) {
  const run = createRun(calls, Math.ceil((rate * durationMs * SPARE) / 1000))
  const mostBehind = (rate * MAX_BEHIND_MS) / 1000
  const gapMs = 1000 / rate
  const startedAt = performance.now()
  let due = startedAt
  for (let now = startedAt; now < startedAt + durationMs && run.waiting <= mostBehind; now = performance.now()) {
    while (due <= now) {
      begin(run, due)
      due -= Math.log(1 - Math.random()) * gapMs
    }
    await turn()
  }
  const inTime = run.answered
  const seconds = (performance.now() - startedAt) / 1000
  const isBehind = run.waiting > mostBehind || performance.now() - due > MAX_BEHIND_MS
  await drain(run)
  return { ...summarize(run), rate: inTime / seconds, fellOver: run.fault ?? (isBehind ? behind(run) : undefined) }
}

/** Bursts of calls that begin at once: one every 100 ms, or as soon as the one before is answered. */
export async function runBursts(calls, { durationMs }) {
  const count = Math.ceil(durationMs / BURST_EVERY_MS)
  const run = createRun(calls, count * BURST_CALLS)
  const tookMs = []
  const startedAt = performance.now()
  for (let at = startedAt; tookMs.length < count && run.fault === undefined; ) {
    for (let index = 0; index < BURST_CALLS; index++) begin(run, at)
    await drain(run)
    tookMs.push(performance.now() - at)
    await setTimeout(Math.max(0, at + BURST_EVERY_MS - performance.now()))
    at = performance.now()
  }
  const seconds = (performance.now() - startedAt) / 1000
  return {
    ...summarize(run),
    rate: run.answered / seconds,
    burstMs: percentile(tookMs.sort(byNumber), 0.5),
    fellOver: run.fault,
  }
}

function createRun(calls, mostCalls) {
  return {
    calls,
    cursor: 0,
    turns: 0,
    waiting: 0,
    answered: 0,
    wrong: 0,
    fault: undefined,
    latencies: new Float64Array(mostCalls),
  }
}

function begin(run, due) {
  const { order, call, isRight } = run.calls
  const index = order[run.cursor++]
  if (run.cursor === order.length) run.cursor = 0
  const number = run.turns++
  run.waiting++
  call(index, number).then(
    (answer) => {
      run.waiting--
      if (!isRight(answer, index, number)) run.wrong++
      run.latencies[run.answered++] = performance.now() - due
    },
    (error) => {
      run.waiting--
      run.fault ??= String(error?.message ?? error)
    },
  )
}

/** Until all calls are answered, or the time for that is over. */
async function drain(run) {
  const endsAt = performance.now() + DRAIN_MS
  while (run.waiting > 0 && performance.now() < endsAt) await turn()
  if (run.waiting > 0) run.fault ??= `${run.waiting} calls had no answer after ${DRAIN_MS} ms`
}

function behind(run) {
  return `it owed the answers of ${MAX_BEHIND_MS} ms after ${run.turns} calls`
}

/** A latency beyond the room for them has no place; there are none in a run of any length that matters. */
function summarize({ turns, answered, wrong, latencies }) {
  const sorted = latencies.subarray(0, Math.min(answered, latencies.length)).sort()
  const at = (share) => percentile(sorted, share)
  return { calls: turns, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), wrong, errors: 0 }
}

function percentile(sorted, share) {
  return sorted[Math.floor((sorted.length - 1) * share)]
}

function byNumber(a, b) {
  return a - b
}
