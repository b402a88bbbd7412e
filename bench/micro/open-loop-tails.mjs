// Where do the slow calls of an open loop come from: memlane's own work, garbage collection, or a machine that ran
// something else? Processes of memlane, of the raw socket and of no client at all take turns. Each looks at the clock and
// at its CPU once a turn of the event loop, so that every stall of the loop is seen, with the CPU that was used in it.
//
//   node bench/micro/open-loop-tails.mjs [gets per second] [rounds]
import { fork } from 'node:child_process'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createCalls } from '../macro/calls.mjs'
import { runClosedLoop } from '../macro/closed-loop.mjs'
import { createData } from '../macro/data.mjs'
import { Servers } from '../macro/servers.mjs'
import { seed } from '../macro/verify.mjs'
import { WORKLOADS } from '../macro/workloads.mjs'

const WARM_UP_MS = 1500
const MEASURE_MS = 3000
/** A call that took longer is slow, and so is a turn of the event loop. */
const SLOW_MS = 0.5
/** In a stall with less CPU than this part of its time, the process did not run. */
const RUNNING_SHARE = 0.5

const WORKLOAD = WORKLOADS.find(({ name }) => name === 'get-64')
const SUBJECTS = ['memlane', 'raw', 'none']
const CAUSES = ['not running', 'garbage collection', 'own work', 'the answer came late']

async function main(rate = '30000', rounds = '10') {
  const servers = await Servers.open()
  const results = new Map(SUBJECTS.map((subject) => [subject, []]))
  try {
    for (let round = 0; round < Number(rounds); round++) {
      for (const subject of SUBJECTS) {
        const input = { subject, rate: Number(rate), servers: await servers.for('memlane', 'one') }
        results.get(subject).push(await runProcess(input))
      }
    }
  } finally {
    await servers.close()
  }
  console.log(
    `${rate} gets a second, ${rounds} rounds of ${MEASURE_MS / 1000} s; medians [lowest, highest]; times in ms`,
  )
  for (const [subject, runs] of results) console.log(describe(subject, runs))
}

function runProcess(input) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['child'])
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}`)))
    child.send(input)
  })
}

function describe(subject, runs) {
  const spread = (field) => {
    const sorted = runs.map((run) => run[field]).sort((a, b) => a - b)
    return `${format(sorted[sorted.length >> 1])} [${format(sorted[0])}, ${format(sorted.at(-1))}]`
  }
  const fields = ['stalls', 'longestMs', 'stalledShare', 'busyStalls', 'longestCpuMs']
    .map((field) => `${field} ${spread(field)}`)
    .join('  ')
  if (subject === 'none') return `none: ${fields}`
  const sum = (name) => runs.reduce((total, run) => total + run.slow[name], 0)
  const slow = CAUSES.map((cause) => `${cause} ${sum(cause)}`).join(', ')
  const tails = ['p50Ms', 'p99Ms', 'p999Ms'].map((field) => `${field} ${spread(field)}`).join('  ')
  return `${subject}: ${tails}\n  ${fields}\n  slow calls by what they waited in: ${slow}`
}

function format(number) {
  return number.toFixed(number >= 100 ? 0 : 3)
}

async function measure({ subject, rate, servers }) {
  const collections = watchCollections()
  const calls = subject === 'none' ? undefined : await prepare(subject, servers)
  if (calls !== undefined) await runClosedLoop(calls, { inFlight: 64, durationMs: WARM_UP_MS })
  await run(calls, rate, WARM_UP_MS)
  const { dues, ends, stalls } = await run(calls, rate, MEASURE_MS)
  await turn()
  const sorted = ends.map((at, index) => at - dues[index]).sort()
  const percentile = (share) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  const stalledMs = stalls.reduce((total, { from, to }) => total + to - from, 0)
  return {
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    p999Ms: percentile(0.999),
    stalls: stalls.length,
    longestMs: Math.max(0, ...stalls.map(({ from, to }) => to - from)),
    stalledShare: stalledMs / MEASURE_MS,
    // CPU of a turn says what the process itself made of it, however busy the machine is.
    busyStalls: stalls.filter((stall) => stall.cpuMs > SLOW_MS).length,
    longestCpuMs: Math.max(0, ...stalls.map((stall) => stall.cpuMs)),
    slow: countCauses(dues, ends, stalls, collections),
  }
}

async function prepare(subject, servers) {
  const { connect } = await import(`../clients/${subject}.mjs`)
  const client = await connect(servers, { values: 'text', through: 'get', cold: false })
  const data = createData(WORKLOAD, `tail${process.pid}`)
  await seed(client, data, WORKLOAD)
  return createCalls(WORKLOAD, client, data)
}

/** As the open loop of the benchmark, with a note of every turn that took too long. */
async function run(calls, rate, durationMs) {
  // Room enough for arrivals by chance; objects would be garbage of this program's own.
  const room = Math.ceil(rate * durationMs * 0.0012)
  const [dues, ends] = [new Float64Array(room), new Float64Array(room)]
  let answered = 0
  const stalls = []
  const startedAt = performance.now()
  let due = startedAt
  let [before, cpuBefore] = [startedAt, cpuMs()]
  let waiting = 0
  for (let number = 0; before < startedAt + durationMs || waiting > 0; ) {
    for (; calls !== undefined && due <= before && due < startedAt + durationMs; number++) {
      const [dueAt, index] = [due, calls.order[number % calls.order.length]]
      waiting++
      const settle = () => {
        waiting--
        dues[answered] = dueAt
        ends[answered++] = performance.now()
      }
      calls.call(index, number).then((answer) => {
        if (!calls.isRight(answer, index, number)) throw new Error('a wrong answer')
        settle()
        // A call that timed out is slow, and nothing more, here.
      }, settle)
      due -= (Math.log(1 - Math.random()) * 1000) / rate
    }
    await turn()
    const [now, cpu] = [performance.now(), cpuMs()]
    if (now - before > SLOW_MS) stalls.push({ from: before, to: now, cpuMs: cpu - cpuBefore })
    ;[before, cpuBefore] = [now, cpu]
  }
  return { dues: dues.subarray(0, answered), ends: ends.subarray(0, answered), stalls }
}

/** Sorts the slow calls by the stall that they waited in for the longest time; without one, the answer came late. */
function countCauses(dues, ends, stalls, collections) {
  const counts = Object.fromEntries(CAUSES.map((cause) => [cause, 0]))
  for (const [index, at] of ends.entries()) {
    if (at - dues[index] > SLOW_MS) counts[causeOf(dues[index], at, stalls, collections)]++
  }
  return counts
}

function causeOf(due, at, stalls, collections) {
  const shared = ({ from, to }) => Math.min(at, to) - Math.max(due, from)
  const worst = stalls.reduce((found, stall) => (shared(stall) > shared(found) ? stall : found), { from: 0, to: 0 })
  if (shared(worst) < (at - due) / 2) return 'the answer came late'
  const tookMs = worst.to - worst.from
  if (worst.cpuMs < tookMs * RUNNING_SHARE) return 'not running'
  const collecting = collections.filter(({ from, to }) => to > worst.from && from < worst.to)
  const collectedMs = collecting.reduce((total, { from, to }) => total + to - from, 0)
  return collectedMs > tookMs / 2 ? 'garbage collection' : 'own work'
}

function watchCollections() {
  const collections = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      collections.push({ from: startTime, to: startTime + duration })
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return collections
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

if (process.argv[2] === 'child') {
  process.once('message', async (input) => {
    process.send(await measure(input), () => process.exit(0))
  })
} else await main(...process.argv.slice(2))
