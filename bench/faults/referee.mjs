import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endGroup } from './lab/processes.mjs'

const REFEREE_PROCESS = fileURLToPath(new URL('./referee-process.mjs', import.meta.url))

/** A trial has its own watch; this one is for a referee that is stuck itself. */
const STUCK_MS = 600_000

/** A process that plays scenarios, with a group of its own, in which its servers are; a new one takes the place of one that ended. */
export class Referee {
  #folder
  #child

  constructor(folder) {
    this.#folder = folder
  }

  /** Plays one scenario with one client: `{ verdict, detail?, ms }`. */
  play(scenarioName, clientName) {
    const child = this.#start()
    return new Promise((resolve) => {
      const finish = (result) => {
        clearTimeout(timer)
        child.off('message', finish)
        child.off('exit', onExit)
        resolve(result)
      }
      const onExit = () => {
        this.#child = undefined
        finish({ verdict: 'broken', detail: 'the referee ended', ms: 0 })
      }
      const timer = setTimeout(() => endGroup(child.pid), STUCK_MS)
      child.on('message', finish)
      child.on('exit', onExit)
      child.send({ scenarioName, clientName, folder: this.#folder })
    })
  }

  end() {
    this.#child?.disconnect()
  }

  #start() {
    this.#child ??= fork(REFEREE_PROCESS, {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    return this.#child
  }
}
