import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'

const FILE = new URL('../results/faults-unfinished.jsonl', import.meta.url)

/** The trials of a whole run as they end, so that one that was interrupted can be finished by `--resume`. */
export class Journal {
  #known = new Map()

  /** Starts a new one, or takes the one that is there. */
  constructor(isResumed) {
    if (!isResumed) rmSync(FILE, { force: true })
    else if (existsSync(FILE))
      for (const line of readFileSync(FILE, 'utf8').trim().split('\n')) this.#take(JSON.parse(line))
  }

  #take({ scenario, client, result }) {
    this.#known.set(nameOf(scenario, client), result)
  }

  /** The result of a trial that ended in the run before. */
  find(scenario, client) {
    return this.#known.get(nameOf(scenario, client))
  }

  /** What could not be judged is tried again. */
  add(scenario, client, result) {
    if (result.verdict === 'broken') return
    appendFileSync(FILE, `${JSON.stringify({ scenario, client, result })}\n`)
  }

  /** The run is whole: nothing is left to resume. */
  end() {
    rmSync(FILE, { force: true })
  }
}

function nameOf(scenario, client) {
  return `${scenario} ${client}`
}
