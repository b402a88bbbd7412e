/* oxlint-disable typescript/no-unsafe-declaration-merging -- the methods are added below, for every one of MetaClient */
import { EventEmitter } from 'node:events'
import type { MemcacheEvents } from '../client/events.ts'
import { MetaClient } from '../client/meta/client.ts'
import type { MemcacheOptions } from '../client/options.ts'
import { showAs } from '../inspect.ts'
import type { ServerSpec } from '../server-address.ts'
import { addCommands } from './commands.ts'
import type { MetaClientSyncCommands } from './generated/sync-commands.ts'
import { shownOf } from './shown.ts'
import { checkSynchronous, SyncCore } from './sync-core.ts'

const cores: WeakMap<object, SyncCore> = new WeakMap()

/**
 * `MetaClient` without `await`: every meta command and flag, with the same options and results. The notes of
 * `MemcacheSync` on threads, functions and refused options hold here too.
 *
 * @example
 * ```ts
 * using meta = new MetaClientSync('localhost:11211')
 * const result = meta.get<string>('key', { returnTtl: true })
 * if (result.status === 'hit') console.log(result.value, result.ttl)
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are added below, for every one of MetaClient
export class MetaClientSync extends EventEmitter<MemcacheEvents> implements Disposable {
  /**
   * @param servers - One server or several; `localhost:11211` when left out.
   * @param options - Those of `MetaClient`, checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(servers?: ServerSpec | readonly ServerSpec[], options: MemcacheOptions = {}) {
    super()
    checkSynchronous(servers, options)
    // Checks the arguments, and never connects.
    new MetaClient(servers, options).destroy()
    showAs(this, () => shownOf(servers, options))
    cores.set(this, new SyncCore({ kind: 'MetaClient', servers, options, emitter: this, direct: false }))
  }

  /** Finishes, closes the connections and ends the worker; afterwards every call throws `ClosedError`. */
  close(): void {
    cores.get(this)!.close()
  }

  /** Closes for good at once; afterwards every call throws `ClosedError`. */
  destroy(): void {
    cores.get(this)!.destroy()
  }

  /** The same as {@link MetaClientSync.close}: for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

export interface MetaClientSync extends Omit<MetaClientSyncCommands, 'close' | 'destroy'> {}

addCommands(MetaClientSync.prototype, MetaClient.prototype, (client) => cores.get(client)!)
