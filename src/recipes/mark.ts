import { latin1Slice } from '../buffer-slices.ts'
import type { CallOptions } from '../client/call-options.ts'
import type { CallName } from '../client/calls/call-name.ts'
import type { ClientAccess } from '../client/client-access.ts'
import { OwnCalls } from '../client/own-calls.ts'
import { type CasResult, readCas, readDeleted, readStored } from '../client/results.ts'
import type { MemcacheError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Interpret } from '../protocol/operation.ts'
import { deleteUnchanged } from '../protocol/placeholder.ts'
import { DELETE, GETS, type Request } from '../protocol/request.ts'
import { encodeExptime } from '../ttl.ts'

/** In front of every name: a promise of the data format. */
const PREFIX = 'once:'

/** A mark as it was found. */
export interface FoundMark {
  readonly owner: 'us' | 'other' | 'none'
  /** 0n: the server keeps no cas numbers (`memcached -C`). */
  readonly cas: bigint
}

/** Settings of a mark. */
export interface MarkInit {
  readonly access: ClientAccess
  readonly name: string
  /** Seconds that it lives after it was stored. */
  readonly seconds: number
  /** Whether commands may go to another server while the key's own is out. */
  readonly acceptSplit: boolean
}

/** The item `once:<name>`, which says who is at a piece of work: it holds a random text of its owner. */
export class Mark {
  readonly key: string
  readonly #calls: OwnCalls
  readonly #seconds: number
  readonly #homeOnly: boolean
  readonly #owner: string = globalThis.crypto.randomUUID()
  readonly #readOwner: Interpret = (reply): FoundMark => {
    if (reply.outcome !== 'hit') return { owner: 'none', cas: 0n }
    const isOurs = latin1Slice(reply.bytes, reply.start, reply.end) === this.#owner
    return { owner: isOurs ? 'us' : 'other', cas: reply.cas() }
  }

  constructor({ access, name, seconds, acceptSplit }: MarkInit) {
    this.key = PREFIX + name
    this.#calls = new OwnCalls(access)
    this.#seconds = seconds
    this.#homeOnly = !acceptSplit
  }

  /** Stores it where there is none; whether it was stored. */
  add(): Promise<boolean> {
    return this.#run('add', this.#store('add', 0n), readStored)
  }

  /** Reads who has it. */
  look(call?: CallOptions): Promise<FoundMark> {
    return this.#run('gets', GETS, this.#readOwner, call)
  }

  /** Lets it live on if it is ours; whether it was. Not by `gat`, which would renew the mark of another owner as well. */
  async renew(call: CallOptions): Promise<boolean> {
    const { owner, cas } = await this.look(call)
    if (owner !== 'us') return false
    if (cas !== 0n) return (await this.#run<CasResult>('cas', this.#store('cas', cas), readCas, call)) === 'stored'
    const touch = { command: 'touch', exptime: this.#exptime } as const
    return this.#run('touch', touch, (reply) => reply.outcome === 'touched', call)
  }

  /** Removes it if it is ours. */
  async release(): Promise<void> {
    const { owner, cas } = await this.look()
    if (owner !== 'us') return
    await this.#run('delete', cas === 0n ? DELETE : deleteUnchanged(cas, 'once'), readDeleted)
  }

  /** Reports a failure that `once` does not reject with, as a `commandError` event of the client. */
  report(error: MemcacheError): void {
    this.#calls.report(error, this.key)
  }

  get #exptime(): number {
    return encodeExptime(this.#seconds, Date.now())
  }

  #store(command: 'add' | 'cas', cas: bigint): StoreRequest {
    const data = this.#owner
    return { command, data, bytes: data.length, clientFlags: 0, exptime: this.#exptime, cas, preparing: undefined }
  }

  #run<T>(name: CallName, request: Request, interpret: Interpret, call?: CallOptions): Promise<T> {
    return this.#calls.run(name, this.key, { request, interpret }, { ...call, homeOnly: this.#homeOnly })
  }
}
