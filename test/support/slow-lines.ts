import type { Operation } from '../../src/protocol/operation.ts'
import type { Executor } from '../../src/seam/executor.ts'

/** One way of one line: what travels it arrives in order. */
type Way = (() => void)[]

/**
 * Lines between clients and servers on which chance decides when a command, or an answer, arrives: on each line in order,
 * between lines in any. Only one thing moves at a time, so a seed gives the same course again.
 */
export class SlowLines {
  readonly #random: () => number
  readonly #ways: Way[] = []
  #atServers = 0
  #changed: () => void = () => undefined
  /** Calls that begin after so many more moves. */
  #later: { moves: number; begin: () => void }[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  /** A line to what an executor stands for. */
  readonly line = (executor: Executor): Executor => {
    const [commands, answers]: [Way, Way] = [[], []]
    this.#ways.push(commands, answers)
    return {
      dispatch: (operation) => {
        commands.push(() => this.#send(executor, operation, answers))
        this.#changed()
      },
    }
  }

  #send(executor: Executor, operation: Operation, answers: Way): void {
    this.#atServers++
    const { resolve, reject } = operation
    const arrive = (answer: () => void): void => {
      this.#atServers--
      answers.push(answer)
      this.#changed()
    }
    operation.resolve = (value, same) => arrive(() => resolve(value, same))
    operation.reject = (reason, same) => arrive(() => reject(reason, same))
    executor.dispatch(operation)
  }

  /** Begins a call after so many moves from now, or when nothing moves any more. */
  after<T>(moves: number, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later.push({ moves, begin: () => void call().then(resolve, reject) })
    })
  }

  #beginLate(atOnce: boolean): void {
    const due = this.#later.filter(({ moves }) => atOnce || moves <= 0)
    this.#later = this.#later.filter((one) => !due.includes(one))
    for (const { begin } of due) begin()
  }

  #move(ready: readonly Way[]): void {
    for (const one of this.#later) one.moves--
    ready[Math.floor(this.#random() * ready.length)]!.shift()!()
  }

  /** Moves things until the calls have settled and nothing is on its way any more. */
  async run(calls: readonly Promise<unknown>[]): Promise<PromiseSettledResult<unknown>[]> {
    let outcomes: PromiseSettledResult<unknown>[] | undefined
    const settle = async (): Promise<void> => {
      outcomes = await Promise.allSettled(calls)
      this.#changed()
    }
    void settle()
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      this.#beginLate(false)
      // What has arrived may set off more.
      await new Promise((resolve) => setImmediate(resolve))
      const ready = this.#ways.filter((way) => way.length > 0)
      if (this.#atServers > 0) await changed
      else if (ready.length > 0) this.#move(ready)
      else if (this.#later.length > 0) this.#beginLate(true)
      else if (outcomes !== undefined) return outcomes
      else await changed
    }
  }
}
