import { latin1Slice } from '../buffer-slices.ts'
import { accessOf } from '../client/client-access.ts'
import type { Dispatcher } from '../client/dispatcher.ts'
import type { Memcache } from '../client/memcache.ts'
import { readStored } from '../client/results.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Interpret } from '../protocol/operation.ts'
import { PLACEHOLDER_FLAGS } from '../protocol/placeholder.ts'
import { GETS, type Request } from '../protocol/request.ts'

/** The item of a tag. */
export interface TagItem {
  readonly text: string
  readonly cas: bigint
}

const readItem: Interpret = (reply): TagItem | undefined => {
  const { outcome, clientFlags, bytes, start, end } = reply
  if (outcome !== 'hit' || clientFlags === PLACEHOLDER_FLAGS) return undefined
  return { text: latin1Slice(bytes, start, end), cas: reply.cas() }
}

/** The items of tags. Only the own server of a tag answers for it: another one would say that nothing was revalidated. */
export class TagItems {
  readonly #dispatcher: Dispatcher

  constructor(cache: Memcache) {
    this.#dispatcher = accessOf(cache)!.parts.dispatcher
  }

  /** Reads an item. Rejects where its server does not answer. */
  read(key: string): Promise<TagItem | undefined> {
    return this.#run(GETS, key, readItem)
  }

  /** Stores an item where there is none. */
  add(key: string, text: string): Promise<boolean> {
    return this.#run(storeRequest('add', text, 0n), key, readStored)
  }

  /** Stores an item in the place of the one that was read. */
  replace(key: string, text: string, cas: bigint): Promise<boolean> {
    return this.#run(storeRequest('cas', text, cas), key, readStored)
  }

  /** Stores an item whatever is there. */
  set(key: string, text: string): Promise<boolean> {
    return this.#run(storeRequest('set', text, 0n), key, readStored)
  }

  #run<T>(request: Request, key: string, interpret: Interpret): Promise<T> {
    return this.#dispatcher.runAtHome<T>(request, key, interpret, {}, undefined)
  }
}

function storeRequest(command: StoreRequest['command'], data: string, cas: bigint): StoreRequest {
  return { command, data, bytes: data.length, clientFlags: 0, exptime: 0, cas, preparing: undefined }
}
