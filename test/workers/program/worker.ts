import { Memcache } from 'memlane'
import { cloudflareDialer } from 'memlane/cloudflare'
import { type CaseInput, describe, runCase } from './cases.ts'

/** Parts of the runtime that this program uses. */
interface Environment {
  readonly ROOM: { idFromName(name: string): unknown; get(id: unknown): { fetch(request: Request): Promise<Response> } }
}

let shared: Memcache | undefined

/** Uses one client for all requests, which the runtime does not let a Worker do. */
async function useShared(server: string): Promise<unknown> {
  shared ??= new Memcache(server, { connect: cloudflareDialer, timeoutMs: 2000 })
  try {
    return { result: await shared.set('shared', 1) }
  } catch (error) {
    return { error: describe(error) }
  }
}

/** A Durable Object, whose client stays from one request to the next. */
export class Room {
  #cache: Memcache | undefined

  async fetch(request: Request): Promise<Response> {
    const { server } = (await request.json()) as CaseInput
    this.#cache ??= new Memcache(server, { connect: cloudflareDialer, timeoutMs: 60_000, connectTimeoutMs: 60_000 })
    return Response.json([
      await this.#cache.incr('visits', 1, { initial: 1 }),
      this.#cache.servers[0]?.connections.open,
    ])
  }
}

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1)
    if (name === 'room') return environment.ROOM.get(environment.ROOM.idFromName('room')).fetch(request)
    const input = (await request.json()) as CaseInput
    const answer = name === 'shared' ? await useShared(input.server) : await runCase(name, input)
    return new Response(
      JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
    )
  },
}
