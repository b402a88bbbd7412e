import { mkdirSync, writeFileSync } from 'node:fs'
import { describeInOneLine, describeMachine } from './macro/machine.mjs'
import { CLIENTS, parseOptions, USAGE } from './macro/options.mjs'
import { findPythonClients } from './macro/python-cell.mjs'
import { runWorkload } from './macro/run-workload.mjs'
import { Servers } from './macro/servers.mjs'
import { summarizeWorkload } from './macro/summary.mjs'
import { formatReport } from './report/table.mjs'

const RESULTS = new URL('./results/', import.meta.url)
const PICTURE = new URL('../docs/images/latency.svg', import.meta.url)

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    console.log(USAGE)
    return
  }
  const python = findPythonClients(options.takesPart)
  const servers = await Servers.open()
  try {
    console.log(describeInOneLine(describeMachine(await servers.versions(), python)))
    const rows = await runAll(options, servers, python)
    console.log(formatReport(rows))
    const machine = describeMachine(await servers.versions(), python)
    await saveResults(options, { machine, rounds: options.rounds, timing: options.timing, rows })
  } finally {
    await servers.close()
  }
}

async function runAll(options, servers, python) {
  const runId = process.pid.toString(36).padStart(4, '0')
  const { rounds, timing, profile } = options
  const clients = CLIENTS.filter(options.takesPart).filter((name) => servers.hasServerFor(name))
  const settings = { python, servers, rounds, timing, profile }
  const rows = []
  const fallen = new Set()
  for (const [index, workload] of options.workloads.entries()) {
    showProgress(`${index + 1}/${options.workloads.length} ${workload.title}`)
    const isOpen = workload.kind === 'open'
    const takePart = isOpen ? clients.filter((name) => !fallen.has(name)) : clients
    const cells = await runWorkload(workload, { ...settings, clients: takePart, keyPrefix: `${runId}:${index + 10}` })
    // Rates rise from row to row.
    if (isOpen) for (const { clientName } of cells.filter(hasFailed)) fallen.add(clientName)
    rows.push(summarizeWorkload(workload, cells))
  }
  showProgress('')
  return rows
}

function hasFailed({ fellOver, problem }) {
  return fellOver !== undefined || problem !== undefined
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** A run of chosen rows or clients is for the eyes only. The chart's library takes a second to load, so it comes last. */
async function saveResults({ quick, partial, latency }, report) {
  if (partial) return
  if (!quick) await savePicture(report)
  if (latency) return
  const { renderChart } = await import('./report/chart.mjs')
  const name = quick ? 'quick' : 'latest'
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(new URL(`${name}.svg`, RESULTS), renderChart(report))
  console.log(`\nbench/results/${name}.json and ${name}.svg written.`)
  if (!report.rows.some(({ kind }) => kind === 'open')) return
  const { renderOpenLoopChart } = await import('./report/open-loop-chart.mjs')
  writeFileSync(new URL(`${name}-open-loop.svg`, RESULTS), renderOpenLoopChart(report))
  console.log(`bench/results/${name}-open-loop.svg written.`)
}

async function savePicture(report) {
  const { renderLatencyChart } = await import('./report/latency-chart.mjs')
  mkdirSync(new URL('.', PICTURE), { recursive: true })
  writeFileSync(PICTURE, renderLatencyChart(report))
  console.log('\ndocs/images/latency.svg written.')
}

try {
  await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
