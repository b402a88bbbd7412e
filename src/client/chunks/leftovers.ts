import type { Operation } from '../../protocol/operation.ts'
import type { Request } from '../../protocol/request.ts'
import { type ChunkCall, callOf } from './chunk-call.ts'
import type { ChunkCommands } from './chunk-commands.ts'
import type { Manifest } from './manifest.ts'

/** Time that the chunks of a replaced value stay for calls that are reading it, in milliseconds. */
const LINGER_MS = 1000

/** Most keys whose chunks are remembered. */
const MAX_KNOWN = 1000

/** The chunks of one value. */
export type Chunks = Pick<Manifest, 'generation' | 'count'>

/** Removes the chunks of values that were replaced or deleted, where this client knows them. The others go with their time. */
export class Leftovers {
  readonly #commands: ChunkCommands
  /** The chunks that this client read or stored last, by key; the longest unused first. */
  readonly #known: Map<string, Chunks> = new Map()
  readonly #lingering: Map<string, { readonly timer: NodeJS.Timeout; readonly remove: () => void }> = new Map()

  constructor(commands: ChunkCommands) {
    this.#commands = commands
  }

  /** Takes note of the chunks of a key. */
  remember(call: ChunkCall, { generation, count }: Chunks): void {
    const name = nameOf(call)
    this.#known.delete(name)
    this.#known.set(name, { generation, count })
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!)
  }

  /** Removes the chunks of a key once its manifest is deleted or replaced by a command. */
  watch(operation: Operation): void {
    if (this.#known.size === 0 || !endsItem(operation.request)) return
    const { key: wireKey, callerKey, routingKey = callerKey } = operation
    const name = nameOf({ wireKey, routingKey })
    const known = this.#known.get(name)
    if (known === undefined) return
    const call = callOf(operation)
    const { resolve } = operation
    operation.resolve = (value, same) => {
      if (operation.outcome === 'deleted' || operation.outcome === 'stored') {
        if (this.#known.get(name) === known) this.#known.delete(name)
        this.removeLater(call, known)
      }
      resolve(value, same)
    }
  }

  /** Removes chunks when the calls that are reading them will have finished. */
  removeLater(call: ChunkCall, { generation, count }: Chunks): void {
    if (this.#lingering.has(generation)) return
    const remove = (): void => {
      this.#lingering.delete(generation)
      this.#commands.remove(call, generation, count)
    }
    const timer = setTimeout(remove, LINGER_MS)
    timer.unref()
    this.#lingering.set(generation, { timer, remove })
  }

  /** Removes at once what would be removed later. */
  flush(): void {
    for (const { timer, remove } of this.#lingering.values()) {
      clearTimeout(timer)
      remove()
    }
  }
}

const ENDS: ReadonlySet<string> = new Set(['delete', 'set', 'replace', 'cas'])

/** Whether the command removes the item, or puts another in its place. */
function endsItem(request: Request): boolean {
  if (request.command === 'md') return request.flags.invalidate !== true
  return ENDS.has(request.command)
}

/** The same key may be on several servers, by routing key. */
function nameOf({ wireKey, routingKey }: Pick<ChunkCall, 'wireKey' | 'routingKey'>): string {
  const key = typeof wireKey === 'string' ? wireKey : `${wireKey.form} ${wireKey.text}`
  return `${key} ${typeof routingKey === 'string' ? routingKey : routingKey.join()}`
}
