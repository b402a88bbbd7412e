// Question: how often do two processes run the work of `once` at a time, and does the signal of the one that lost its mark abort?
// node bench/once.mjs [--processes 8] [--rounds 10000] [--lose]
//
// Without `--lose`, the work takes a lock file by O_EXCL, which no two processes can. With it, the mark is deleted at random
// and the work takes up to three seconds: every overlap must be followed by an abort of the earlier one within ttl/3.
import { fork } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Memcache } from '../dist/index.mjs'
import { once } from '../dist/recipes.mjs'
import { Servers } from './macro/servers.mjs'

const SELF = fileURLToPath(import.meta.url)
const TTL = 3
/** Time that a renewal and a busy machine add to a third of the ttl, in milliseconds. */
const SLACK_MS = 500
const OPTIONS = { timeoutMs: 20_000, connectTimeoutMs: 20_000 }

const { values: options } = parseArgs({
  options: {
    processes: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '10000' },
    lose: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
})
if (options.child === undefined) await main()
else await work(JSON.parse(options.child))

async function main() {
  const servers = await Servers.open()
  const folder = mkdtempSync(join(tmpdir(), 'memlane-once-'))
  const end = new AbortController()
  const [address] = await servers.for('memlane', 'one')
  const rounds = Math.ceil(Number(options.rounds) / Number(options.processes))
  const order = { address, rounds, lose: options.lose, file: join(folder, 'held') }
  const losing = options.lose ? loseMarks(address, end.signal) : undefined
  try {
    const runs = await Promise.all(Array.from({ length: Number(options.processes) }, () => runChild(order)))
    report(runs.flat())
  } finally {
    end.abort()
    await losing
    rmSync(folder, { recursive: true, force: true })
    await servers.close()
  }
}

function runChild(order) {
  const child = fork(SELF, ['--child', JSON.stringify(order)])
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}`)))
  })
}

async function loseMarks(address, signal) {
  const cache = new Memcache(address, OPTIONS)
  while (!signal.aborted) {
    await sleep(500 + Math.random() * 4000)
    await cache.delete('once:bench')
  }
  await cache.close()
}

/** Makes the rounds of one process: each is one call of `once`. */
async function work({ address, rounds, lose, file }) {
  const cache = new Memcache(address, OPTIONS)
  const runs = []
  const body = ({ signal }) => (lose ? slowWork(signal, runs) : exclusiveWork(file, runs))
  for (let round = 0; round < rounds; round++) {
    const { ran } = await once(cache, 'bench', { ttl: TTL }, body)
    if (!ran) await sleep(Math.random() * (lose ? 100 : 4))
  }
  await cache.close()
  process.send(runs, () => process.disconnect())
}

async function exclusiveWork(file, runs) {
  const run = { overlapped: false }
  runs.push(run)
  try {
    closeSync(openSync(file, 'wx'))
  } catch {
    run.overlapped = true
    return
  }
  await sleep(Math.random() * 3)
  unlinkSync(file)
}

async function slowWork(signal, runs) {
  const run = { from: Date.now() }
  runs.push(run)
  signal.addEventListener('abort', () => {
    run.abortedAt = Date.now()
  })
  await sleep(Math.random() * 3000)
  run.until = Date.now()
}

function report(runs) {
  if (!options.lose) {
    console.log(`${runs.length} runs, ${runs.filter(({ overlapped }) => overlapped).length} overlaps`)
    return
  }
  const sorted = runs.toSorted((a, b) => a.from - b.from)
  let overlaps = 0
  let unseen = 0
  let slowest = 0
  for (const [at, earlier] of sorted.entries()) {
    const later = sorted.slice(at + 1).find(({ from }) => from < earlier.until)
    if (later === undefined) continue
    overlaps++
    const dueAt = later.from + (TTL * 1000) / 3 + SLACK_MS
    if (earlier.abortedAt !== undefined) slowest = Math.max(slowest, earlier.abortedAt - later.from)
    if ((earlier.abortedAt ?? Number.POSITIVE_INFINITY) > dueAt && earlier.until > dueAt) unseen++
  }
  console.log(`${runs.length} runs, ${overlaps} overlaps, ${unseen} without an abort in time; slowest ${slowest} ms`)
}
