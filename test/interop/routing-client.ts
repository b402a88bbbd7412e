import { clients, type ForeignClient, runProgram } from './foreign-client.ts'

/** A server as a foreign client is told of it. */
export interface ForeignServer {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly weight: number
}

/** What a client is told to do with its servers: sets first, then gets. */
export interface RoutingJob {
  readonly servers: readonly ForeignServer[]
  readonly options: Readonly<Record<string, unknown>>
  readonly set: readonly (readonly [key: string, text: string])[]
  readonly get: readonly string[]
}

/** What came of it, in the job's order; a miss is null. */
export interface RoutingJobResult {
  readonly version: string
  readonly stored: readonly boolean[]
  readonly found: readonly (string | null)[]
}

type RoutingClientName = 'pylibmc' | 'pymemcache' | 'pythonMemcached' | 'dalli' | 'phpMemcached' | 'memjs' | 'memcached'

/** The clients that spread keys over several servers, each with its program for that. */
export const routingClients: Readonly<Record<RoutingClientName, ForeignClient>> = {
  pylibmc: withProgram(clients.pylibmc),
  pymemcache: withProgram(clients.pymemcache),
  pythonMemcached: withProgram(clients.pythonMemcached),
  dalli: withProgram(clients.dalli),
  phpMemcached: withProgram(clients.phpMemcached),
  memjs: withProgram(clients.memjs),
  memcached: withProgram(clients.memcached),
}

function withProgram(client: ForeignClient): ForeignClient {
  const [program, path] = client.command
  const routing = path!.replace(/[^/]*\.(\w+)$/, 'routing_client.$1')
  return { ...client, command: [program!, routing] }
}

/** Lets a client do a job in a process of its own. */
export async function runRoutingJob(client: ForeignClient, job: RoutingJob): Promise<RoutingJobResult> {
  return JSON.parse(await runProgram(client, { client: client.name, ...job })) as RoutingJobResult
}
