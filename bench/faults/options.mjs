import { parseArgs } from 'node:util'
import { CLIENTS, findClient } from './clients.mjs'
import { findScenario, SCENARIOS } from './scenarios/index.mjs'

/** Most trials wait; more than these keep two cores busy with starting processes. */
const JOBS = 8

export const USAGE = `Usage: npm run faults -- [options]

  --client <names>    only these clients: ${CLIENTS.map(({ name }) => name).join(', ')}
  --scenario <names>  only these scenarios; --list shows them
  --quick             a third of the scenarios
  --jobs <number>     trials at a time (${JOBS})
  --once              no second trial for a verdict other than "held"
  --resume            goes on with a run of everything that was interrupted
  --verbose           each trial when it ends
  --list              names of the scenarios
  --help

  Names are separated by commas. Only a run of all clients and scenarios writes results and docs/reliability.md.`

const DEFINITIONS = {
  client: { type: 'string' },
  scenario: { type: 'string' },
  quick: { type: 'boolean', default: false },
  jobs: { type: 'string', default: String(JOBS) },
  once: { type: 'boolean', default: false },
  resume: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

export function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: DEFINITIONS })
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Error(`--jobs must be a whole number above 0, not "${values.jobs}"`)
  const scenarios = values.scenario === undefined ? SCENARIOS : namesIn(values.scenario).map(findScenario)
  return {
    help: values.help,
    list: values.list,
    verbose: values.verbose,
    resume: values.resume,
    isWhole: values.client === undefined && values.scenario === undefined && !values.quick,
    jobs,
    tries: values.once ? 1 : 3,
    clients: values.client === undefined ? CLIENTS : namesIn(values.client).map(findClient),
    scenarios: values.quick ? scenarios.filter(({ quick }) => quick) : scenarios,
  }
}

function namesIn(text) {
  return text.split(',').map((name) => name.trim())
}
