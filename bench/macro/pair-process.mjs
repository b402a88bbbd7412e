// One build of memlane in one workload: prints what a call costs, as the CPU of slices of the run.
import { text } from 'node:stream/consumers'
import { connect } from '../clients/memlane.mjs'
import { createCalls } from './calls.mjs'
import { createData } from './data.mjs'
import { countWrong, seed } from './verify.mjs'

/** CPU that the compiler is given before anything counts, in microseconds. */
const WARM_UP_MICROS = 950_000
const SLICE_MICROS = 10_000
const SLICES = 60
/** The slice that counts, from the cheapest: those above had garbage collection, or shared their core. */
const COUNTED_SLICE = 6
const LOOK_EVERY_MS = 4

const KEY_PREFIX = 'pair:'

async function main() {
  const { workload, dist, servers } = JSON.parse(await text(process.stdin))
  const { values, through } = workload
  const data = createData(workload, KEY_PREFIX)
  const client = await connect(servers, { values, through, cold: false, dist })
  await seed(client, data, workload)
  const loop = startLoop(createCalls(workload, client, data), workload.inFlight)
  await spend(WARM_UP_MICROS)
  const cpuMicros = await costOfCall(loop)
  loop.stopped = true
  await loop.workers
  const wrong = loop.wrong + (await countWrong(client, data))
  if (wrong > 0) throw new Error(`${wrong} wrong answers`)
  await client.close()
  process.stdout.write(JSON.stringify({ cpuMicros }))
}

function startLoop(calls, inFlight) {
  const loop = { calls: 0, wrong: 0, stopped: false, workers: undefined }
  loop.workers = Promise.all(Array.from({ length: inFlight }, () => work(loop, calls)))
  return loop
}

async function work(loop, { order, call, isRight }) {
  while (!loop.stopped) {
    const turn = loop.calls++
    const index = order[turn % order.length]
    if (!isRight(await call(index, turn), index, turn)) loop.wrong++
  }
}

async function costOfCall(loop) {
  const slices = []
  while (slices.length < SLICES) {
    const [callsBefore, cpuBefore] = [loop.calls, cpuMicros()]
    await spend(SLICE_MICROS)
    slices.push((cpuMicros() - cpuBefore) / (loop.calls - callsBefore))
  }
  return slices.sort((a, b) => a - b)[COUNTED_SLICE]
}

/** Lets the workers run until the process has used so much CPU. */
function spend(micros) {
  const endsAt = cpuMicros() + micros
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (cpuMicros() < endsAt) return
      clearInterval(timer)
      resolve()
    }, LOOK_EVERY_MS)
  })
}

function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}

await main()
