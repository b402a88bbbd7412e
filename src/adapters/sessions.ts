import { InvalidInputError, SerdeError, ServerError } from '../errors.ts'
import { THROWS } from './host-client.ts'
import type { HostItems } from './host-items.ts'
import { hostKey } from './host-key.ts'
import { atMostSeconds } from './seconds.ts'

/** Part of a session that a store reads. */
export interface SessionData {
  /** The session's cookie: until when it is valid. */
  readonly cookie?: { readonly expires?: Date | string | number | boolean | null | undefined }
}

/** Turns sessions into text and back. */
export interface SessionSerializer {
  /** Returns the text that is stored. */
  stringify(session: object): string
  /** Returns the session that a text stands for. */
  parse(text: string): unknown
}

/** The options of a session store, checked and complete. */
export interface ResolvedSessionOptions {
  readonly ttl: number | ((session: SessionData) => number)
  readonly disableTouch: boolean
  readonly serializer: SessionSerializer
  readonly clearable: boolean
}

/** The sessions for the methods of a store. Every failure rejects: a session that is not found logs its user out. */
export class Sessions {
  readonly #items: HostItems['items']
  readonly #clear: HostItems['clear']
  readonly #options: ResolvedSessionOptions

  constructor({ items, clear }: HostItems, options: ResolvedSessionOptions) {
    this.#items = items
    this.#clear = clear
    this.#options = options
  }

  async get(id: string): Promise<unknown> {
    const text = await this.#items.get(hostKey(id), THROWS)
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
    const stored = await this.#items.set(hostKey(id), text, { ...THROWS, ttl })
    if (!stored) throw new ServerError('the session was not stored', { delivery: 'answered' })
  }

  async touch(id: string, session: object): Promise<void> {
    if (this.#options.disableTouch) return
    const ttl = this.#ttlOf(session)
    if (ttl === undefined) return this.destroy(id)
    await this.#items.touch(hostKey(id), ttl, THROWS)
  }

  async destroy(id: string): Promise<void> {
    await this.#items.delete(hostKey(id), THROWS)
  }

  async clear(): Promise<void> {
    if (this.#clear !== undefined) return this.#clear()
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
