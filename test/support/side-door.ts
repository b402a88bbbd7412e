import { type Endpoint, RawConnection } from './raw-connection.ts'

/** A way to a server past the client under test. */
export interface SideDoor {
  /** Writes a request and gives the reply up to and including `end` (default: one line), as latin1. */
  readonly ask: (request: string | Uint8Array, end?: string) => Promise<string>
  readonly close: () => void
}

/** The side door of a memcached before 1.6.10, which says `OK` where newer ones say `HD` to a meta command. */
export class OldDoor implements SideDoor {
  readonly #server: RawConnection

  private constructor(server: RawConnection) {
    this.#server = server
  }

  static async open(endpoint: Endpoint): Promise<OldDoor> {
    return new OldDoor(await RawConnection.open(endpoint))
  }

  async ask(request: string | Uint8Array, end?: string): Promise<string> {
    return (await this.#server.ask(request, end)).replace(/^OK(?= )/, 'HD')
  }

  close(): void {
    this.#server.close()
  }
}

/** The side door of a proxy that knows no meta commands: those go to the backend that has the key. */
export class BackendDoor implements SideDoor {
  readonly #proxy: RawConnection
  readonly #backends: readonly RawConnection[]

  private constructor(proxy: RawConnection, backends: readonly RawConnection[]) {
    this.#proxy = proxy
    this.#backends = backends
  }

  static async open(proxy: Endpoint, backends: readonly Endpoint[]): Promise<BackendDoor> {
    return new BackendDoor(
      await RawConnection.open(proxy),
      await Promise.all(backends.map((backend) => RawConnection.open(backend))),
    )
  }

  async ask(request: string | Uint8Array, end?: string): Promise<string> {
    const key = /^m[gsdae] (\S+)/.exec(Buffer.from(request).toString('latin1'))?.[1]
    const door = key === undefined ? this.#proxy : await this.#backendOf(key)
    return door.ask(request, end)
  }

  async #backendOf(key: string): Promise<RawConnection> {
    for (const backend of this.#backends) if ((await backend.ask(`mg ${key} s\r\n`)).startsWith('HD')) return backend
    return this.#backends[0]!
  }

  close(): void {
    this.#proxy.close()
    for (const backend of this.#backends) backend.close()
  }
}
