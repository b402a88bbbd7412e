import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Answer of a server, as a browser sees it. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** A browser: it keeps cookies. */
export interface Browser {
  readonly get: (path: string) => Promise<Answer>
  readonly cookie: () => string | undefined
}

/** Serves requests until the test is over. Returns the address. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Opens a browser for an address. */
export function browse(address: string): Browser {
  let cookie: string | undefined
  return {
    cookie: () => cookie,
    get: async (path) => {
      const headers: Record<string, string> = cookie === undefined ? {} : { cookie }
      const response = await fetch(address + path, { headers })
      cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
      return { status: response.status, text: await response.text(), headers: response.headers }
    },
  }
}
