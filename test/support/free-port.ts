import { createServer } from 'node:net'

/**
 * A loopback port that nobody listens on, outside the range of outgoing connections: while the server of such a port is
 * down, a client that keeps trying may be given the same port as its own end, and then it is connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    if (await canListen(port)) return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
