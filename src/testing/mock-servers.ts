import type { Dialer } from '../connection/options.ts'
import { InvalidInputError } from '../errors.ts'
import { isRecord, refuseUnknown } from '../known-options.ts'
import { Engine } from '../server/engine.ts'
import { type MemcachedServerOptions, resolveServerOptions } from '../server/server-options.ts'
import { parseServerSpec, type ServerAddress } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import { MemoryStream } from './memory-stream.ts'
import { keyText } from './mock-rule.ts'
import { MockRules } from './mock-rules.ts'

/** Options of the servers of a {@link MockMemcache}. */
export type MockServerOptions = Pick<MemcachedServerOptions, 'version' | 'memoryBytes' | 'maxItemBytes'>

const OPTIONS: readonly (keyof MockServerOptions)[] = ['version', 'memoryBytes', 'maxItemBytes']

/** Servers of mocks: an engine for each name, one clock, and the rules. */
export class MockServers {
  readonly rules: MockRules = new MockRules()
  readonly #options: MockServerOptions
  readonly #clock: () => number
  readonly #engines: Map<string, Engine> = new Map()
  #skippedMs = 0

  /** @param clock - Returns the milliseconds since 1970. */
  constructor(options: MockServerOptions, clock: () => number) {
    if (typeof clock !== 'function') {
      throw new InvalidInputError(`option now must be a function, got ${showValue(clock)}`)
    }
    if (!isRecord(options)) throw new InvalidInputError(`option server must be an object, got ${showValue(options)}`)
    refuseUnknown(options, OPTIONS, 'server')
    // Checked here, not at the first command.
    resolveServerOptions(options)
    this.#options = options
    this.#clock = clock
  }

  /** Time of the servers, in milliseconds since 1970. */
  get now(): number {
    return this.#clock() + this.#skippedMs
  }

  /** Advances the time, in seconds. */
  advance(seconds: number): void {
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new InvalidInputError(`seconds must be a number, 0 or more; got ${showValue(seconds)}`)
    }
    this.#skippedMs += seconds * 1000
  }

  /** Opens a stream to a server; one of a new name is made, and empty. */
  readonly dial: Dialer = (address) => Promise.resolve(new MemoryStream(this.#engineOf(nameOf(address))))

  /** Drops all items. */
  flush(): void {
    for (const engine of this.#engines.values()) engine.store.clear()
  }

  /** Returns the keys of all items, in no order. */
  keys(): string[] {
    return [...this.#engines.values()].flatMap(({ store }) => Array.from(store.live(), ({ key }) => keyText(key)))
  }

  #engineOf(name: string): Engine {
    const found = this.#engines.get(name)
    if (found !== undefined) return found
    const engine = new Engine({ ...resolveServerOptions(this.#options), now: () => this.now })
    this.#engines.set(name, engine)
    return engine
  }
}

function nameOf(address: ServerAddress): string {
  return address.name ?? parseServerSpec(address).name
}
