import type { Watchers } from './watchers.ts'

/** Remote and local address of a connection, as `stats conns` writes them. */
export interface ClientAddresses {
  /** `tcp:127.0.0.1:51234` or `unix:/path` */
  readonly remote: string
  readonly local: string
}

/** Open connection. */
export interface ClientRecord extends ClientAddresses {
  /** Number of the connection; memcached shows the file descriptor. */
  readonly id: number
  /** Server time of its last command. */
  lastCommandAt: number
  watching: boolean
}

/** Reason for the end of a connection, as `watch connevents` reports it. */
export type ClosedBy = 'normal' | 'error' | 'idle_timeout' | 'shutdown'

/** First id; a process has lower file descriptors anyway. */
const FIRST_ID = 20

/** Open connections. */
export class ClientRegistry {
  readonly #watchers: Watchers
  readonly #records = new Map<number, ClientRecord>()
  #lastId = FIRST_ID

  constructor(watchers: Watchers) {
    this.#watchers = watchers
  }

  get size(): number {
    return this.#records.size
  }

  /** Returns all records, the oldest first. */
  records(): IterableIterator<ClientRecord> {
    return this.#records.values()
  }

  add(addresses: ClientAddresses, seconds: number): ClientRecord {
    const record = { ...addresses, id: ++this.#lastId, lastCommandAt: seconds, watching: false }
    this.#records.set(record.id, record)
    this.#tell('conn_new', record, '')
    return record
  }

  remove(record: ClientRecord, reason: ClosedBy): void {
    this.#records.delete(record.id)
    this.#tell('conn_close', record, ` reason=${reason}`)
  }

  #tell(type: string, { remote, id }: ClientRecord, rest: string): void {
    if (!this.#watchers.wants('connevents')) return
    const transport = remote.slice(0, remote.indexOf(':'))
    const port = transport === 'tcp' ? remote.slice(remote.lastIndexOf(':') + 1) : '0'
    const host = transport === 'tcp' ? remote.slice('tcp:'.length, remote.lastIndexOf(':')) : transport
    this.#watchers.tell('connevents', `type=${type} rip=${host} rport=${port} transport=${transport}${rest} cfd=${id}`)
  }
}
