import { Duplex } from 'node:stream'
import type { Memcache } from '../../src/client/memcache.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import type { SideDoor } from '../support/side-door.ts'
import type { CountedConnections, RunningServer } from './running-server.ts'

const name = 'mock:11211'

/** Longer than any test. */
const FROZEN_MS = 600_000

/** A `MockMemcache`, and clones of it for clients. */
export async function startMock(): Promise<RunningServer> {
  const mock = new MockMemcache(name)
  return {
    address: name,
    options: {},
    // Nobody connects: the side door is in memory too.
    endpoint: {},
    openSideDoor: () => MemoryDoor.open(mock),
    advanceSeconds: (seconds) => mock.advance(seconds),
    createClient: (options) => new MockMemcache(name, { ...options, sharedWith: mock }),
    countConnections: (cache) => countConnections(cache as MockMemcache),
    stop: async () => mock.destroy(),
  }
}

function countConnections(cache: MockMemcache): CountedConnections {
  return {
    get connections() {
      return cache.connections
    },
    get openConnections() {
      return openConnections(cache)
    },
    freeze: () => cache.slow({ latencyMs: FROZEN_MS }),
    thaw: () => cache.heal(),
  }
}

function openConnections(cache: Memcache): number {
  return cache.servers.reduce((sum, server) => sum + server.connections.open, 0)
}

/** The side door of a mock. */
class MemoryDoor implements SideDoor {
  readonly #stream: Duplex
  #received = ''
  #onChange: () => void = () => undefined

  private constructor(stream: Duplex) {
    this.#stream = stream
    stream.setEncoding('latin1')
    stream.on('data', (text: string) => {
      this.#received += text
      this.#onChange()
    })
  }

  static async open(mock: MockMemcache): Promise<MemoryDoor> {
    const stream = await mock.dialer({ name }, { signal: new AbortController().signal })
    if (!(stream instanceof Duplex)) throw new TypeError('the mock gives no Duplex')
    return new MemoryDoor(stream)
  }

  async ask(request: string | Uint8Array, end = '\r\n'): Promise<string> {
    this.#stream.write(request)
    while (!this.#received.includes(end)) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
    const at = this.#received.indexOf(end) + end.length
    const reply = this.#received.slice(0, at)
    this.#received = this.#received.slice(at)
    return reply
  }

  close(): void {
    this.#stream.destroy()
  }
}
