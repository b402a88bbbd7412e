// One client, one workload, one process, so that CPU time, garbage and peak memory are the client's own.
import { setTimeout } from 'node:timers/promises'
import { createCalls } from './calls.mjs'
import { runClosedLoop } from './closed-loop.mjs'
import { createData } from './data.mjs'
import { runBursts, runOpenLoop } from './open-loop.mjs'
import { countWrong, seed } from './verify.mjs'

const MEMORY_WARM_UP_CALLS = 50_000
const MEMORY_CALLS = 1_000_000
const IDLE_MS = 1000

const state = {}

const handlers = { prepare, warmUp, run, finish }

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ id, type, ...input }) => {
  try {
    process.send({ id, result: await handlers[type](input) })
  } catch (error) {
    process.send({ id, error: String(error?.message ?? error) })
  }
})

/** Loads the client, stores the data; a cold client is left unconnected and another one stores. */
async function prepare({ clientName, workload, servers, keyPrefix, dist }) {
  const adapter = await import(`../clients/${clientName}.mjs`)
  if (adapter.canRun && !adapter.canRun(workload)) return { skipped: true }
  const settings = { values: workload.values, through: workload.through, cold: false, dist }
  state.workload = workload
  state.data = createData(workload, keyPrefix)
  state.client = await adapter.connect(servers, settings)
  // Sets too: on a busy machine they may not come to every key, and all are read back at the end.
  await seed(state.client, state.data, workload)
  if (workload.kind === 'cold') {
    await state.client.close()
    state.client = await adapter.connect(servers, { ...settings, cold: true })
  }
  state.calls = createCalls(workload, state.client, state.data)
  return { skipped: false }
}

/** Long enough for the compiler; every run has a short one of its own for the caches. */
async function warmUp({ durationMs }) {
  if (state.workload.kind === 'cold' || state.workload.kind === 'memory') return
  await runClosedLoop(state.calls, { inFlight: state.workload.inFlight, durationMs })
}

function run(timing) {
  switch (state.workload.kind) {
    case 'cold':
      return runClosedLoop(state.calls, { inFlight: state.workload.inFlight, maxCalls: state.workload.inFlight })
    case 'memory':
      return runMemory()
    case 'open':
      return runOpen(timing)
    case 'bursts':
      return runBursts(state.calls, { durationMs: timing.openMs })
    default:
      return runTimed(timing)
  }
}

async function runTimed({ settleMs, measureMs }) {
  const { inFlight } = state.workload
  await runClosedLoop(state.calls, { inFlight, durationMs: settleMs })
  const result = await runClosedLoop(state.calls, { inFlight, durationMs: measureMs })
  return { ...result, peakRssBytes: process.resourceUsage().maxRSS * 1024 }
}

/** The closed loop that settled the caches left other code behind than calls that come by chance need. */
async function runOpen({ settleMs, openMs }) {
  const { rate } = state.workload
  await runOpenLoop(state.calls, { rate, durationMs: settleMs })
  return runOpenLoop(state.calls, { rate, durationMs: openMs })
}

async function runMemory() {
  const { inFlight } = state.workload
  await runClosedLoop(state.calls, { inFlight, maxCalls: MEMORY_WARM_UP_CALLS })
  const before = await idleHeapBytes()
  const result = await runClosedLoop(state.calls, { inFlight, maxCalls: MEMORY_CALLS })
  return { ...result, heapBytes: (await idleHeapBytes()) - before }
}

async function idleHeapBytes() {
  await setTimeout(IDLE_MS)
  global.gc()
  return process.memoryUsage().heapUsed
}

async function finish() {
  const wrong = state.workload.kind === 'cold' ? 0 : await countWrong(state.client, state.data)
  await state.client.close()
  return { wrong }
}
