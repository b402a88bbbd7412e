import { Cell } from './cell.mjs'
import { ImportCell } from './import-cell.mjs'
import { PYTHON_WORKLOADS, PythonCell } from './python-cell.mjs'
import { countConnections } from './server.mjs'
import { BASELINE, OURS } from './summary.mjs'

const PREPARE_LIMIT_MS = 20_000
const SLACK_MS = 10_000
const LONG_LIMIT_MS = 180_000
/** Kinds whose runs have no time of their own. */
const UNTIMED = new Set(['memory', 'import'])
const ONE_RUN = new Set(['cold', 'memory'])

/**
 * Runs one workload with every client: all processes are started, filled and warmed up together; then the rounds go
 * through the clients one after the other, each round beginning with another one. Resolves to the cells with their
 * results. Every client's keys begin with a prefix of its own; all prefixes have one length, as the keys must.
 */
export async function runWorkload(workload, { clients, python, servers, keyPrefix, rounds, timing, profile }) {
  const cells = openCells(workload, { clients, python, profile })
  try {
    await Promise.all(cells.map((cell, index) => prepare(cell, servers, `${keyPrefix}${index + 10}`)))
    await Promise.all(cells.map((cell) => warmUp(cell, timing)))
    const roundCount = ONE_RUN.has(workload.kind) ? 1 : rounds
    for (let round = 0; round < roundCount; round++) {
      for (const cell of rotate(cells, round)) await runCell(cell, { servers, timing, rounds })
    }
    await Promise.all(cells.map(finish))
  } finally {
    await Promise.all(cells.map((cell) => cell.end()))
  }
  return cells
}

function openCells(workload, { clients, python, profile }) {
  const names = clients.filter((name) => workload.clients.includes(name))
  if (workload.kind === 'import') return names.map((name) => new ImportCell(name, workload))
  const cells = names.map((name) => new Cell(name, workload, { profile }))
  if (workload.baseline !== undefined && names.includes(OURS)) cells.push(openBaseline(workload, profile))
  if (!PYTHON_WORKLOADS.has(workload.name)) return cells
  return [...cells, ...Array.from(python, ([name, { interpreter }]) => new PythonCell(name, workload, interpreter))]
}

/** memlane once more, with the workload that ours is compared with. */
function openBaseline(workload, profile) {
  return new Cell(OURS, { ...workload, ...workload.baseline }, { label: BASELINE, profile })
}

function rotate(cells, by) {
  const start = by % cells.length
  return [...cells.slice(start), ...cells.slice(0, start)]
}

async function prepare(cell, servers, prefix) {
  const { clientName, workload } = cell
  await guard(cell, async () => {
    const input = { clientName, workload, servers: await servers.for(clientName, workload.servers), keyPrefix: prefix }
    cell.skipped = (await cell.ask('prepare', input, PREPARE_LIMIT_MS)).skipped
  })
}

async function warmUp(cell, { warmUpMs }) {
  await guard(cell, () => cell.ask('warmUp', { durationMs: warmUpMs }, warmUpMs + SLACK_MS))
}

async function runCell(cell, { servers, timing, rounds }) {
  const { clientName, workload } = cell
  const isCold = workload.kind === 'cold'
  await guard(cell, async () => {
    const [server] = await servers.for(clientName, workload.servers)
    const before = isCold ? await countConnections(server) : 0
    const result = await cell.ask('run', timing, limitMs(workload, timing))
    // One connection of the difference is the second question's own.
    if (isCold) result.sockets = (await countConnections(server)) - before - 1
    cell.results.push(result)
    cell.problem = problemOf(result)
    cell.fellOver = whyFallen(cell.results, rounds)
  })
}

function limitMs({ kind }, { settleMs, measureMs, openMs }) {
  return UNTIMED.has(kind) ? LONG_LIMIT_MS : settleMs + Math.max(measureMs, openMs) + SLACK_MS
}

async function finish(cell) {
  await guard(cell, async () => {
    const { wrong } = await cell.ask('finish', {}, PREPARE_LIMIT_MS)
    if (wrong > 0) cell.problem = `${wrong} keys read back wrong`
  })
}

/** A client has fallen over once it did in half of the rounds: a stall of the machine may have made it in fewer. */
function whyFallen(results, rounds) {
  const falls = results.filter(({ fellOver }) => fellOver !== undefined)
  return falls.length * 2 >= rounds ? falls.at(-1)?.fellOver : undefined
}

function problemOf({ wrong, errors, lastError }) {
  if (errors > 0) return `${errors} errors: ${lastError}`
  return wrong > 0 ? `${wrong} wrong answers` : undefined
}

/** What goes wrong marks the cell, not the run; a marked cell takes no further part, nor does one that fell over. */
async function guard(cell, step) {
  if (cell.skipped || cell.problem !== undefined || cell.fellOver !== undefined) return
  try {
    await step()
  } catch (error) {
    cell.problem = error.message
  }
}
