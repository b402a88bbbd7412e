import type { EventEmitter } from 'node:events'
import type { Operation } from '../protocol/operation.ts'
import { nameOfRequest } from '../protocol/request.ts'
import type { Observing } from '../seam/observer.ts'
import { throwLater } from '../throw-later.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { MemcacheEvents } from './events.ts'

/** Emits the events of a client; shared by all kinds of clients. */
export class ClientEvents {
  readonly #emitter: EventEmitter<MemcacheEvents>

  constructor(emitter: EventEmitter<MemcacheEvents>) {
    this.#emitter = emitter
  }

  /** Emits an event. A listener that throws must not break off the work of the connection that the event comes from. */
  tell<E extends keyof MemcacheEvents>(name: E, ...event: MemcacheEvents[E]): void {
    try {
      // The emitter's own types lose the link between a generic name and its event.
      ;(this.#emitter as EventEmitter).emit(name, ...event)
    } catch (error) {
      throwLater(error)
    }
  }

  /**
   * Returns the observer that turns what happens below the client into its events.
   *
   * @param dispatcher - Called when an error is to be reported: the dispatcher is made after the backend.
   */
  observer(dispatcher: () => Dispatcher): Observing {
    return {
      unclaimedError: (error, operations) =>
        dispatcher().report(
          error,
          operations.map((operation) => operation.callerKey),
          nameOfAll(operations),
        ),
      desync: (error) => this.tell('desync', { error, server: error.server }),
      serverDown: (server, error, failures) => this.tell('serverDown', { server, error, failures }),
      serverUp: (server, downMs, removedKeys) => this.tell('serverUp', { server, downMs, removedKeys }),
      rejoinOverflow: (server, maxKeys, zone) =>
        this.tell('rejoinOverflow', { server, maxKeys, ...(zone !== undefined && { zone }) }),
      zoneDown: (zone, error) => this.tell('zoneDown', { zone, error }),
      zoneUp: (zone, downMs, removedKeys) => this.tell('zoneUp', { zone, downMs, removedKeys }),
      sourceFailed: (error) => dispatcher().report(error, []),
      fallbackFailed: (error, operation) => dispatcher().report(error, [operation.callerKey], operation.about.command),
      watchesWrites: () => this.#emitter.listenerCount('writeFailed') > 0,
      writeFailed: ({ callerKey: key, request }, error, zone) => {
        const command = nameOfRequest(request)
        this.tell('writeFailed', { key, command, error, server: error.server, ...(zone !== undefined && { zone }) })
      },
    }
  }
}

/** Returns the name that all of these commands have; undefined where they differ. */
function nameOfAll(operations: readonly Operation[]): string | undefined {
  const names = new Set(operations.map(({ about }) => about.command))
  return names.size === 1 ? [...names][0] : undefined
}
