import { Cell } from './cell.mjs'
import { PYTHON_WORKLOADS, PythonCell } from './python-cell.mjs'
import { countConnections } from './server.mjs'

const PREPARE_LIMIT_MS = 20_000
const SLACK_MS = 10_000
const MEMORY_LIMIT_MS = 180_000
const ONE_RUN = new Set(['cold', 'memory'])

/**
 * Runs one workload with every client: all processes are started, filled and warmed up together; then the rounds go
 * through the clients one after the other, each round beginning with another one. Resolves to the cells with their
 * results. Every client's keys begin with a prefix of its own; all prefixes have one length, as the keys must.
 */
export async function runWorkload(workload, { clients, python, server, keyPrefix, rounds, timing, profile }) {
  const cells = openCells(workload, { clients, python, profile })
  try {
    await Promise.all(cells.map((cell, index) => prepare(cell, workload, server, `${keyPrefix}${index + 10}`)))
    await Promise.all(cells.map((cell) => warmUp(cell, timing)))
    const roundCount = ONE_RUN.has(workload.kind) ? 1 : rounds
    for (let round = 0; round < roundCount; round++) {
      for (const cell of rotate(cells, round)) await runCell(cell, workload, server, timing)
    }
    await Promise.all(cells.map(finish))
  } finally {
    await Promise.all(cells.map((cell) => cell.end()))
  }
  return cells
}

function openCells(workload, { clients, python, profile }) {
  const cells = clients.map((name) => new Cell(name, { exposeGc: workload.kind === 'memory', profile }))
  if (!PYTHON_WORKLOADS.has(workload.name)) return cells
  return [...cells, ...Array.from(python, ([name, { interpreter }]) => new PythonCell(name, interpreter))]
}

function rotate(cells, by) {
  const start = by % cells.length
  return [...cells.slice(start), ...cells.slice(0, start)]
}

async function prepare(cell, workload, server, prefix) {
  const { host, port } = server
  const input = { clientName: cell.clientName, workload, server: { host, port }, keyPrefix: prefix }
  await guard(cell, async () => {
    cell.skipped = (await cell.ask('prepare', input, PREPARE_LIMIT_MS)).skipped
  })
}

async function warmUp(cell, { warmUpMs }) {
  await guard(cell, () => cell.ask('warmUp', { durationMs: warmUpMs }, warmUpMs + SLACK_MS))
}

async function runCell(cell, workload, server, timing) {
  await guard(cell, async () => {
    const before = workload.kind === 'cold' ? await countConnections(server) : 0
    const result = await cell.ask('run', timing, limitMs(workload, timing))
    // One connection of the difference is the second question's own.
    if (workload.kind === 'cold') result.sockets = (await countConnections(server)) - before - 1
    cell.results.push(result)
    cell.problem = problemOf(result)
  })
}

function limitMs(workload, { settleMs, measureMs }) {
  return workload.kind === 'memory' ? MEMORY_LIMIT_MS : settleMs + measureMs + SLACK_MS
}

async function finish(cell) {
  await guard(cell, async () => {
    const { wrong } = await cell.ask('finish', {}, PREPARE_LIMIT_MS)
    if (wrong > 0) cell.problem = `${wrong} keys read back wrong`
  })
}

function problemOf({ wrong, errors, lastError }) {
  if (errors > 0) return `${errors} errors: ${lastError}`
  return wrong > 0 ? `${wrong} wrong answers` : undefined
}

/** What goes wrong marks the cell, not the run; a marked cell takes no further part. */
async function guard(cell, step) {
  if (cell.skipped || cell.problem !== undefined) return
  try {
    await step()
  } catch (error) {
    cell.problem = error.message
  }
}
