import { inject } from 'vitest'
import { whyNotHere } from '../support/memcached-binaries.ts'
import { fetchedVersions } from '../support/memcached-versions.ts'
import { type Lack, lackedByText } from './capabilities.ts'
import { startMock } from './running-mock.ts'
import {
  type RunningServer,
  startAged,
  startEmbedded,
  startProxied,
  startReal,
  type Transport,
} from './running-server.ts'

export type { Lack } from './capabilities.ts'
export type { RunningServer } from './running-server.ts'

/** How the client speaks to the server. */
export type Protocol = 'auto' | 'meta' | 'text'

/** A server, reached in one way by one protocol. */
export interface Target {
  readonly name: string
  /** The server's row on the page of compatibility. */
  readonly server: string
  readonly transport: Transport | 'memory'
  readonly protocol: Protocol
  readonly lacks: ReadonlySet<Lack>
  /** Bytes of the largest item that the server takes. */
  readonly maxItemBytes: number
  /** Why it cannot run on this machine. */
  readonly notHere: string | undefined
  readonly start: () => Promise<RunningServer>
  /** Left out of the page of compatibility, where the target that it is made of stands. */
  readonly isUnlisted?: true
}

/** A row of the tables below. */
interface ServerRow {
  readonly server: string
  readonly start: (transport: Transport) => Promise<RunningServer>
  readonly reach: readonly (readonly [transport: Transport, ...protocols: Protocol[]])[]
  readonly lacks?: readonly Lack[]
  /** In addition, by protocol text. */
  readonly textLacks?: readonly Lack[]
  readonly maxItemBytes?: number
  readonly notHere?: string | undefined
}

const mebibyte = 1024 * 1024

/**
 * The transports end below the protocol, and `auto` is `meta` once the handshake is over: each is tried once with what
 * its handshake could disturb, and not each with each.
 */
const everyTransport: ServerRow['reach'] = [
  ['tcp', 'auto', 'meta', 'text'],
  ['unix', 'auto', 'text'],
  ['tls', 'auto', 'text'],
  ['login', 'auto', 'text'],
]

/** Where only the server differs, one transport proves it; the client chooses the protocol or is told. */
const tcp: ServerRow['reach'] = [['tcp', 'auto', 'text']]
const tcpMeta: ServerRow['reach'] = [['tcp', 'auto', 'meta', 'text']]
const tcpAuto: ServerRow['reach'] = [['tcp', 'auto']]

/** The in-process server, which also plays older versions. */
export const embeddedTargets: readonly Target[] = [
  { server: 'embedded', start: startEmbedded, reach: everyTransport },
  { server: 'embedded as 1.6.18', start: (transport: Transport) => startEmbedded(transport, '1.6.18'), reach: tcp },
].flatMap(targetsOf)

/** The in-process server in the dialect of a service that has no more than one: over TLS, without server commands. */
export const serverlessTargets: readonly Target[] = targetsOf({
  server: 'embedded as ElastiCache Serverless',
  start: (transport) => startEmbedded(transport, undefined, 'elasticache-serverless'),
  reach: [['tls', 'auto', 'text']],
  lacks: ['admin'],
}).map((target) => ({ ...target, isUnlisted: true }))

const installed = `memcached ${inject('installedMemcached')}`
const [oldest, ...newer] = fetchedVersions

/** The `memcached` program. */
export const realTargets: readonly Target[] = targetsOf({
  server: installed,
  start: (transport) => startReal(transport),
  reach: everyTransport,
  lacks: ['clock'],
})

/** Other versions than the installed one. 1.6.9 has no meta commands that a client could use: `auto` finds that out. */
export const versionTargets: readonly Target[] = [
  ...newer.map((version) => ({ version, reach: everyTransport, lacks: ['clock'] as const })),
  { version: oldest, reach: tcp, lacks: ['clock', ...lackedByText] as const },
].flatMap(({ version, reach, lacks }) =>
  targetsOf({
    server: `memcached ${version}`,
    start: (transport) => startReal(transport, { version }),
    reach,
    lacks,
    notHere: whyNotHere(version),
  }),
)

/** No server at all: `MockMemcache`. */
export const mockTargets: readonly Target[] = targetsOf({
  server: 'MockMemcache',
  start: () => startMock(),
  reach: tcpMeta,
}).map((target) => ({ ...target, transport: 'memory', name: `MockMemcache, protocol ${target.protocol}` }))

/** Servers that were started with options which clients notice. */
export const optionTargets: readonly Target[] = [
  { args: ['-C'], lacks: ['clock', 'cas'] as const },
  { args: ['-M'], lacks: ['clock'] as const, reach: tcpAuto },
  { args: ['-I', '8m'], lacks: ['clock'] as const, maxItemBytes: 8 * mebibyte },
  { args: ['-B', 'ascii'], lacks: ['clock'] as const },
].flatMap(({ args, ...rest }) =>
  targetsOf({
    server: `${installed} ${args.join(' ')}`,
    start: (transport) => startReal(transport, { args }),
    reach: tcp,
    ...rest,
  }),
)

/** Proxies in front of two servers. twemproxy closes the connection on any command that it does not know. */
export const proxyTargets: readonly Target[] = [
  ...targetsOf({
    server: 'built-in proxy of memcached 1.6.45',
    start: () => startProxied('builtin'),
    reach: tcpMeta,
    // Seen on 1.6.45: `flush_all` and `verbosity` get no answer at all, and refused `noreply` commands get one.
    lacks: ['clock', 'admin', 'errorsAlone'],
    textLacks: ['silentNoreply'],
    notHere: whyNotHere('1.6.45'),
  }),
  ...targetsOf({
    server: 'twemproxy',
    start: () => startProxied('twemproxy'),
    reach: tcp,
    lacks: ['clock', 'gat', 'admin', ...lackedByText],
    notHere: whyNotHere('nutcracker'),
  }),
]

/** 1.6.10 to 1.6.17, played: the ends of the range, and the last with the long-line fault. */
export const agedTargets: readonly Target[] = ['1.6.10', '1.6.12', '1.6.17'].flatMap((version) =>
  targetsOf({
    server: `memcached ${version} (played)`,
    start: () => startAged(version),
    reach: version === '1.6.10' ? tcpAuto : tcp,
  }),
)

function targetsOf(row: ServerRow): Target[] {
  return row.reach.flatMap(([transport, ...protocols]) =>
    protocols.map((protocol) => targetOf(row, transport, protocol)),
  )
}

function targetOf(row: ServerRow, transport: Transport, protocol: Protocol): Target {
  const { server, lacks = [], textLacks = [], maxItemBytes = mebibyte, notHere } = row
  return {
    name: `${server} over ${transport}, protocol ${protocol}`,
    server,
    transport,
    protocol,
    lacks: new Set([...lacks, ...(protocol === 'text' ? [...lackedByText, ...textLacks] : [])]),
    maxItemBytes,
    notHere,
    start: () => row.start(transport),
  }
}
