import type { FaultProxy } from '../../src/testing/fault-proxy.ts'

/** What happens to the next command, or to its reply, and to the connection that follows. */
export interface Mishap {
  /** Where the bytes are cut off, or what comes in the place of the reply. */
  readonly at: 'toServer' | 'toClient' | { readonly reply: string }
  /** The share of the bytes that still passes, below 1. */
  readonly share: number
  /** `again`: the mishap happens on the next connection too. */
  readonly next: 'accepted' | 'refused' | 'silent' | 'again'
}

/** What a client says before its first command. */
const HANDSHAKE = /^(version|mn)\r\n/

/** Breaks one command on its way through a proxy, and notes what the server answered. */
export class Recorder {
  readonly #proxy: FaultProxy
  #mishap: Mishap | undefined
  #isDue = false
  #isHandshake = false
  #answers = 0

  constructor(proxy: FaultProxy) {
    this.#proxy = proxy
    proxy.set('toServer', { transform: (chunk) => this.#onRequest(chunk) })
    proxy.set('toClient', { transform: (chunk) => this.#onReply(chunk) })
  }

  /** How many commands the server has answered since the last call, whether the client heard of it or not. */
  takeAnswers(): number {
    const answers = this.#answers
    this.#answers = 0
    return answers
  }

  /** The next command suffers this. */
  async arm(mishap: Mishap): Promise<void> {
    this.#mishap = mishap
    this.#isDue = true
    this.#answers = 0
    if (mishap.next === 'refused') await this.#proxy.refuse()
  }

  /** All is well from here. */
  async disarm(): Promise<void> {
    this.#mishap = undefined
    this.#isDue = false
    this.#proxy.set({ cutAfterBytes: Number.POSITIVE_INFINITY })
    await this.#proxy.accept()
  }

  #onRequest(chunk: Buffer): Buffer {
    this.#isHandshake = HANDSHAKE.test(chunk.toString('latin1'))
    if (this.#isHandshake) return this.#onHandshake(chunk)
    if (this.#isDue && this.#mishap!.at === 'toServer') this.#cut('toServer', chunk)
    return chunk
  }

  /** The connection that follows the mishap. */
  #onHandshake(chunk: Buffer): Buffer {
    if (this.#mishap === undefined || this.#isDue) return chunk
    if (this.#mishap.next === 'silent') return Buffer.alloc(0)
    this.#proxy.set({ cutAfterBytes: Number.POSITIVE_INFINITY })
    this.#isDue = this.#mishap.next === 'again'
    return chunk
  }

  #onReply(chunk: Buffer): Buffer {
    if (this.#isHandshake) return chunk
    this.#answers++
    if (!this.#isDue) return chunk
    const { at } = this.#mishap!
    if (at === 'toClient') this.#cut('toClient', chunk)
    if (typeof at !== 'object') return chunk
    this.#isDue = false
    return Buffer.from(at.reply, 'latin1')
  }

  #cut(direction: 'toServer' | 'toClient', chunk: Buffer): void {
    this.#isDue = false
    this.#proxy.set(direction, { cutAfterBytes: Math.floor(chunk.length * this.#mishap!.share) })
  }
}
