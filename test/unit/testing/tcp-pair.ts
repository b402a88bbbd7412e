import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { FaultProxy, type FaultProxyOptions } from '../../../src/testing/fault-proxy.ts'
import { until } from '../../support/eventually.ts'

/** One end of a connection, with what it has received. */
export class End {
  readonly socket: Socket
  readonly chunks: Buffer[] = []
  ended = false
  closed = false
  error: NodeJS.ErrnoException | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk))
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => {
      this.closed = true
    })
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  /** Waits until it has received exactly this; more is a failure when it is looked at again. */
  async receives(text: string): Promise<void> {
    await until(() => this.text.length >= text.length, `${text.length} bytes, got ${JSON.stringify(this.text)}`)
    if (this.text !== text) throw new Error(`received ${JSON.stringify(this.text)} instead of ${JSON.stringify(text)}`)
  }
}

/** A proxy before a server that does nothing by itself. */
export interface Lab {
  readonly proxy: FaultProxy
  /** Connects through the proxy; gives both ends. */
  readonly open: () => Promise<{ client: End; server: End }>
  /** A client's end only. */
  readonly dial: () => End
}

/** Starts a lab that ends with the test. */
export async function startLab(options: FaultProxyOptions = {}): Promise<Lab> {
  const accepted: End[] = []
  let waiting: ((end: End) => void) | undefined
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const end = new End(socket)
    if (waiting === undefined) accepted.push(end)
    else waiting(end)
    waiting = undefined
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await FaultProxy.start(`127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  const ends: End[] = []
  onTestFinished(async () => {
    for (const { socket } of ends) socket.destroy()
    await proxy.close()
    server.close()
  })
  const dial = (): End => {
    const end = new End(connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true }))
    ends.push(end)
    return end
  }
  return {
    proxy,
    dial,
    open: async () => {
      const client = dial()
      const other =
        accepted.shift() ??
        (await new Promise<End>((resolve) => {
          waiting = resolve
        }))
      ends.push(other)
      return { client, server: other }
    },
  }
}

/** Lets everything happen that can happen without a further event. */
export async function quiesce(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
