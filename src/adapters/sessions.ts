import { getCommand } from '../client/commands/reads.ts'
import { deleteCommand, storeCommand, touchCommand } from '../client/commands/writes.ts'
import { InvalidInputError, SerdeError, ServerError } from '../errors.ts'
import { atMostSeconds } from './seconds.ts'
import type { SessionData, SessionSerializer } from './session-data.ts'
import type { StrictCalls } from './strict-calls.ts'

/** The options of a session store, checked and complete. */
export interface ResolvedSessionOptions {
  readonly ttl: number | ((session: SessionData) => number)
  readonly disableTouch: boolean
  readonly serializer: SessionSerializer
  readonly clearable: boolean
}

/** The sessions behind the methods of a store. */
export class Sessions {
  readonly #calls: StrictCalls
  readonly #options: ResolvedSessionOptions

  constructor(calls: StrictCalls, options: ResolvedSessionOptions) {
    this.#calls = calls
    this.#options = options
  }

  async get(id: string): Promise<unknown> {
    const text = await this.#calls.run<unknown>('get', id, (parts, key, rest) => getCommand(parts, key, rest))
    if (text === undefined) return null
    try {
      return this.#options.serializer.parse(text as string)
    } catch (cause) {
      // The engine's own message quotes the text, and a session must not reach a log.
      const hint = 'the item is no session of this store: give stores of different serializers different prefixes'
      throw new SerdeError(hint, { delivery: 'answered', cause: this.#options.serializer === JSON ? undefined : cause })
    }
  }

  async set(id: string, session: object): Promise<void> {
    const ttl = this.#ttlOf(session)
    if (ttl === undefined) return this.destroy(id)
    const text = this.#options.serializer.stringify(session)
    const stored = await this.#calls.run<boolean>('set', id, (parts, key, rest) =>
      storeCommand(parts, 'set', key, text, { ...rest, ttl }),
    )
    if (!stored) throw new ServerError('the session was not stored', { delivery: 'answered' })
  }

  async touch(id: string, session: object): Promise<void> {
    if (this.#options.disableTouch) return
    const ttl = this.#ttlOf(session)
    if (ttl === undefined) return this.destroy(id)
    await this.#calls.run('touch', id, (parts, key, rest) => touchCommand(parts, key, ttl, rest))
  }

  async destroy(id: string): Promise<void> {
    await this.#calls.run('delete', id, (parts, key, rest) => deleteCommand(parts, key, rest))
  }

  async clear(): Promise<void> {
    if (this.#calls.clear !== undefined) return this.#calls.clear()
    throw new InvalidInputError(
      'this session store has no clear(): it needs clearable: true, whose price its documentation names; deleteMatching of memlane/keys removes the sessions of a prefix by a walk over all items',
    )
  }

  /** Seconds to keep a session, 0 for ever; undefined: it is over. */
  #ttlOf(session: SessionData): number | undefined {
    const { ttl } = this.#options
    const milliseconds = typeof ttl === 'function' ? ttl(session) * 1000 : (lifeOf(session) ?? ttl * 1000)
    return milliseconds <= 0 ? undefined : atMostSeconds(milliseconds)
  }
}

/** Milliseconds until the cookie ends; undefined: it ends with the browser. */
function lifeOf({ cookie }: SessionData): number | undefined {
  const expires = cookie?.expires
  if (expires === undefined || expires === null || typeof expires === 'boolean') return undefined
  return new Date(expires).getTime() - Date.now()
}
