import type { EventEmitter } from 'node:events'
import { nameOfRequest } from '../protocol/request.ts'
import { throwLater } from '../throw-later.ts'
import type { BackendListener } from './compose.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { MemcacheEvents } from './events.ts'

/** Tells a client's listeners what happens below it; shared by all kinds of clients. */
export class EventTeller {
  readonly #emitter: EventEmitter<MemcacheEvents>

  constructor(emitter: EventEmitter<MemcacheEvents>) {
    this.#emitter = emitter
  }

  /** Events come out of the middle of a connection's work, which a listener that throws must not break off. */
  tell<E extends keyof MemcacheEvents>(name: E, ...event: MemcacheEvents[E]): void {
    try {
      // The emitter's own types lose the link between a generic name and its event.
      ;(this.#emitter as EventEmitter).emit(name, ...event)
    } catch (error) {
      throwLater(error)
    }
  }

  /**
   * What the floors below call.
   *
   * @param dispatcher - Asked when something is to be reported: it is made behind the backend.
   */
  listener(dispatcher: () => Dispatcher): BackendListener {
    return {
      onUnclaimedError: (error, operations) =>
        dispatcher().report(
          error,
          operations.map((operation) => operation.callerKey),
        ),
      onDesync: (error) => this.tell('desync', { error, server: error.server }),
      onServerDown: (server, error, failures) => this.tell('serverDown', { server, error, failures }),
      onServerUp: (server, downMs, removedKeys) => this.tell('serverUp', { server, downMs, removedKeys }),
      onRejoinOverflow: (server, maxKeys) => this.tell('rejoinOverflow', { server, maxKeys }),
      onSourceError: (error) => dispatcher().report(error, []),
      onFallbackError: (error, operation) => dispatcher().report(error, [operation.callerKey]),
      watchesWrites: () => this.#emitter.listenerCount('writeFailed') > 0,
      onWriteFailed: ({ callerKey: key, request }, error) =>
        this.tell('writeFailed', { key, command: nameOfRequest(request), error, server: error.server }),
    }
  }
}
