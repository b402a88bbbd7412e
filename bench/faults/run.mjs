// `npm run faults`: what memlane and other clients do when servers fail, as a table.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal } from './journal.mjs'
import { createCertificates } from './lab/certificates.mjs'
import { isInstalled } from './lab/processes.mjs'
import { parseOptions, USAGE } from './options.mjs'
import { Referee } from './referee.mjs'
import { describeRun } from './report/machine.mjs'
import { updatePages } from './report/page.mjs'
import { formatTable } from './report/table.mjs'
import { reasonToLeaveOut } from './scenarios/index.mjs'

const RESULTS = new URL('../results/faults.json', import.meta.url)

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(USAGE)
  if (options.list)
    return console.log(options.scenarios.map(({ name, title }) => `${name.padEnd(28)}${title}`).join('\n'))
  const clients = options.clients.filter(hasServer)
  const folder = mkdtempSync(join(tmpdir(), 'memlane-faults-'))
  try {
    createCertificates(folder)
    const started = performance.now()
    const journal = options.isWhole ? new Journal(options.resume) : undefined
    const rows = await playAll({ ...options, clients, folder, journal })
    const report = { ...describeRun(clients), seconds: Math.round((performance.now() - started) / 1000), rows }
    console.log(formatTable(report))
    const isJudged = rows.every(({ cells }) => Object.values(cells).every(({ verdict }) => verdict !== 'broken'))
    if (isJudged) journal?.end()
    else if (options.isWhole) console.error('\nNothing is written: play the broken trials again by --resume.')
    if (options.isWhole && isJudged && clients.length === options.clients.length) save(report)
    process.exitCode = hasFailed(rows) ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A client without a server is left out, and that is said. */
function hasServer({ name, protocol }) {
  if (isInstalled(protocol)) return true
  const program = protocol === 'redis' ? 'redis-server' : 'memcached'
  console.error(`NOT RUN: ${name}, because ${program} is not installed (Debian: apt-get install ${program})`)
  return false
}

async function playAll({ scenarios, clients, jobs, tries, folder, verbose, journal }) {
  const rows = scenarios.map(({ name, group, title, expects, known }) => ({
    name,
    group,
    title,
    expects,
    known,
    cells: {},
  }))
  const trials = scenarios.flatMap((scenario, index) =>
    clients.map((client) => ({ scenario, client, cells: rows[index].cells })),
  )
  let done = 0
  const worker = async (referee) => {
    for (let trial = trials.shift(); trial !== undefined; trial = trials.shift()) {
      const { scenario, client, cells } = trial
      const known = journal?.find(scenario.name, client.name)
      cells[client.name] = known ?? (await play(referee, trial, tries))
      if (known === undefined) journal?.add(scenario.name, client.name, cells[client.name])
      if (verbose) console.error(`${scenario.name} · ${client.name}: ${JSON.stringify(cells[client.name])}`)
      showProgress(`${++done} of ${done + trials.length} trials`)
    }
    referee.end()
  }
  await Promise.all(Array.from({ length: jobs }, () => worker(new Referee(folder))))
  showProgress('')
  return rows
}

/**
 * A verdict other than `held` stands when two trials gave it: a machine that stalls for seconds may look like a server that
 * failed. The first one to come twice counts, or else the last.
 */
async function play(referee, { scenario, client }, tries) {
  const reason = reasonToLeaveOut(scenario, client)
  if (reason !== undefined) return { verdict: '–', detail: reason }
  const seen = []
  for (let attempt = 1; ; attempt++) {
    const result = await referee.play(scenario.name, client.name)
    const isAgain = seen.some(({ verdict }) => verdict === result.verdict)
    seen.push(result)
    if (seen.length === 1 ? result.verdict === 'held' : isAgain) return { ...result, trials: verdictsOf(seen) }
    if (attempt === tries) return { ...result, trials: verdictsOf(seen) }
  }
}

function verdictsOf(seen) {
  return seen.map(({ verdict }) => verdict)
}

/** What memlane does not hold, unless it is known and said; and what could not be judged. */
function hasFailed(rows) {
  return rows.some(({ cells, known = {} }) =>
    Object.entries(cells).some(([name, { verdict }]) => {
      if (verdict === 'broken') return true
      return name.startsWith('memlane') && verdict !== 'held' && verdict !== '–' && known[name] === undefined
    }),
  )
}

function save(report) {
  writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`)
  updatePages(report)
  console.log('\nbench/results/faults.json, docs/reliability.md and README.md written.')
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

try {
  await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
