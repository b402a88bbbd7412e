import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

/** The clock is read for one call in sixteen: reading it for each would show in the fastest cells. */
const SAMPLE_MASK = 15
const MAX_SAMPLES = 1 << 16

/**
 * A closed loop: `inFlight` workers, each waiting for its call before it makes the next.
 * Ends after `durationMs` or `maxCalls`, whichever comes first.
 */
export async function runClosedLoop(calls, { inFlight, durationMs, maxCalls = Infinity }) {
  const loop = createLoop(maxCalls)
  const timer = durationMs === undefined ? undefined : setTimeout(() => (loop.stopped = true), durationMs)
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: inFlight }, () => work(loop, calls)))
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  clearTimeout(timer)
  return summarize(loop, seconds, cpu.user + cpu.system)
}

function createLoop(maxCalls) {
  const samples = { values: new Float64Array(MAX_SAMPLES), count: 0 }
  return { turns: 0, cursor: 0, maxCalls, stopped: false, wrong: 0, errors: 0, lastError: undefined, samples }
}

async function work(loop, { order, call, isRight }) {
  while (!loop.stopped && loop.turns < loop.maxCalls) {
    const turn = loop.turns++
    const index = order[loop.cursor++]
    if (loop.cursor === order.length) loop.cursor = 0
    const startedAt = (turn & SAMPLE_MASK) === 0 ? performance.now() : 0
    try {
      if (!isRight(await call(index, turn), index, turn)) loop.wrong++
    } catch (error) {
      await noteError(loop, error)
    }
    if (startedAt !== 0) addSample(loop.samples, performance.now() - startedAt)
  }
}

/** Lets the event loop turn, or a client that fails at once would keep the timer from firing. */
async function noteError(loop, error) {
  loop.errors++
  loop.lastError = error
  await setImmediate()
}

function summarize(loop, seconds, cpuMicros) {
  return {
    calls: loop.turns,
    seconds,
    rate: loop.turns / seconds,
    cpuMicros: cpuMicros / loop.turns,
    ...percentiles(loop.samples),
    wrong: loop.wrong,
    errors: loop.errors,
    lastError: loop.lastError && String(loop.lastError.message ?? loop.lastError),
  }
}

function addSample(samples, value) {
  samples.values[samples.count++ % MAX_SAMPLES] = value
}

function percentiles({ values, count }) {
  const sorted = values.slice(0, Math.min(count, MAX_SAMPLES)).sort()
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)]
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
