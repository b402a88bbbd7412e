import { setTimeout } from 'node:timers/promises'
import { FaultProxy } from '../../../dist/testing.mjs'

const QUIET_MS = 60

/** The network between a client and a server: what `FaultProxy` of `memlane/testing` does to bytes, and a count of them. */
export class Line {
  #proxy
  /** Bytes that came from clients. */
  bytesToServer = 0

  static async start(port) {
    const line = new Line()
    line.#proxy = await FaultProxy.start(`127.0.0.1:${port}`)
    line.#count()
    return line
  }

  /** The network alone, without the count. */
  get port() {
    return this.#proxy.port
  }

  get connections() {
    return this.#proxy.connections
  }

  get openConnections() {
    return this.#proxy.openConnections
  }

  #count() {
    const transform = (chunk) => {
      this.bytesToServer += chunk.length
      return chunk
    }
    this.#proxy.set('toServer', { transform })
  }

  /** Waits until the client has asked for something more than `since` bytes, and has no more to say for now. */
  async asked(since) {
    let last = -1
    for (let wait = 0; wait < 600; wait++) {
      if (this.bytesToServer > since && this.bytesToServer === last) return
      last = this.bytesToServer
      await setTimeout(QUIET_MS)
    }
  }

  set(direction, faults) {
    this.#proxy.set(direction, faults)
  }

  freeze(direction) {
    this.#proxy.freeze(direction)
  }

  thaw() {
    this.#proxy.thaw()
  }

  reset() {
    this.#proxy.reset()
  }

  halfClose() {
    this.#proxy.halfClose('toClient')
  }

  /** No new connections, and the end of the open ones: a server that is gone. */
  async cut() {
    await this.#proxy.refuse()
    this.#proxy.reset()
  }

  async heal() {
    await this.#proxy.heal()
    this.#count()
  }

  close() {
    return this.#proxy.close()
  }
}
