import { describe, expect, it, onTestFinished } from 'vitest'
import { CLUSTER_RULES } from '../../../../src/cli/doctor/cluster-rules.ts'
import { diagnose, RULES } from '../../../../src/cli/doctor/diagnosis.ts'
import { type Answers, ServerFacts } from '../../../../src/cli/doctor/server-facts.ts'
import type { ServerSample } from '../../../../src/cli/stats/stats-sampler.ts'
import type { Stats } from '../../../../src/client/stats.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

const SECONDS = 10

/** Numbers of a server that a test is about. */
interface Case {
  readonly server?: string
  readonly stats?: Stats
  /** Growth of `stats` within ten seconds. */
  readonly grown?: Readonly<Record<string, number>>
  readonly items?: Stats
  readonly itemsGrown?: Readonly<Record<string, number>>
  readonly slabs?: Stats
  readonly settings?: Stats
  readonly conns?: Stats
  readonly pings?: readonly number[]
  readonly clockAhead?: number
}

function sampleOf(server: string, stats: Stats, grown: Readonly<Record<string, number>>): ServerSample {
  const delta = (name: string): number => grown[name] ?? 0
  return { server, stats, error: undefined, seconds: SECONDS, delta, rate: (name) => delta(name) / SECONDS }
}

function factsOf(one: Case): ServerFacts {
  const { server = 'a:11211', stats = {}, grown = {}, items = {}, itemsGrown = {} } = one
  const answers: Answers = {
    sample: sampleOf(server, { version: '1.6.45', ...stats }, grown),
    items: sampleOf(server, items, itemsGrown),
    settings: one.settings ?? {},
    slabs: one.slabs ?? {},
    conns: one.conns ?? {},
    pings: one.pings ?? [],
    clockAhead: one.clockAhead ?? 0,
  }
  return new ServerFacts(answers)
}

/** `rule level` of each finding. */
function found(...cases: readonly Case[]): string[] {
  return diagnose(cases.map(factsOf)).map(({ rule, level }) => `${rule} ${level}`)
}

/** Each server with a name of its own. */
function named(cases: readonly Case[]): Case[] {
  return cases.map((one, at) => ({ ...one, server: `s${at}` }))
}

async function startServer(): Promise<MemcachedServer> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return server
}

const MEGABYTE = 1024 * 1024

/** A class of chunks of 1000 bytes. */
function slabClass(id: number, used: number, free: number): Stats {
  const numbers = { chunk_size: 1000, chunks_per_page: 1048, total_pages: 1, used_chunks: used, free_chunks: free }
  const entries = Object.entries({ ...numbers, total_chunks: used + free })
  return Object.fromEntries(entries.map(([name, value]) => [`${id}:${name}`, value]))
}

function evicting(evictedTime: number): Pick<Case, 'items' | 'itemsGrown'> {
  return {
    items: { 'items:1:number': 5, 'items:1:evicted_time': evictedTime, 'items:1:mem_requested': 5000 },
    itemsGrown: { 'items:1:evicted': 3 },
  }
}

function silent(count: number, seconds: number): Stats {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}:secs_since_last_cmd`, seconds]))
}

function pings(slow: number): number[] {
  return [...Array.from({ length: 97 }, () => 1), slow, slow, slow]
}

const padded = (requested: number): Case => ({
  slabs: slabClass(1, 2000, 0),
  items: { 'items:1:number': 2000, 'items:1:mem_requested': requested },
})

/** For each rule: numbers at its threshold, and just beyond it. */
const THRESHOLDS: readonly [finding: string, well: Case, ill: Case][] = [
  ['hit-ratio info', { stats: { get_hits: 900, get_misses: 100 } }, { stats: { get_hits: 899, get_misses: 101 } }],
  ['hit-ratio warning', { stats: { get_hits: 799, get_misses: 200 } }, { stats: { get_hits: 799, get_misses: 201 } }],
  [
    'hit-ratio warning',
    { stats: { get_hits: 1, get_misses: 9999 }, grown: { get_hits: 1000 } },
    { stats: { get_hits: 9999 }, grown: { get_hits: 10, get_misses: 1000 } },
  ],
  [
    'evicting warning',
    { grown: { evictions: 0 } },
    { grown: { evictions: 1 }, stats: { limit_maxbytes: 100 }, slabs: { total_malloced: 90 } },
  ],
  [
    'evicting bad',
    { grown: { evictions: 0 } },
    { grown: { evictions: 1 }, stats: { limit_maxbytes: 100 }, slabs: { total_malloced: 89 } },
  ],
  [
    'evicted-unread warning',
    { stats: { evictions: 100, evicted_unfetched: 50 } },
    { stats: { evictions: 100, evicted_unfetched: 51 } },
  ],
  [
    'expired-unread info',
    { stats: { total_items: 1000, expired_unfetched: 500 } },
    { stats: { total_items: 1000, expired_unfetched: 501 } },
  ],
  [
    'starved-class bad',
    { ...evicting(9000), slabs: { ...slabClass(1, 5, 0), ...slabClass(2, 5, 1048) } },
    { ...evicting(9000), slabs: { ...slabClass(1, 5, 0), ...slabClass(2, 5, 1049) } },
  ],
  [
    'young-evictions warning',
    { ...evicting(300), slabs: slabClass(1, 5, 0) },
    { ...evicting(299), slabs: slabClass(1, 5, 0) },
  ],
  ['no-memory warning', { stats: { store_no_memory: 0 } }, { stats: { store_no_memory: 1 } }],
  [
    'no-memory warning',
    {},
    {
      slabs: slabClass(1, 1, 0),
      items: { 'items:1:number': 1, 'items:1:outofmemory': 1, 'items:1:mem_requested': 1000 },
    },
  ],
  ['no-memory bad', {}, { stats: { malloc_fails: 1 }, grown: { malloc_fails: 1 } }],
  ['padding warning', padded(1_600_000), padded(1_599_999)],
  ['too-large info', { stats: { store_too_large: 0 } }, { stats: { store_too_large: 1 } }],
  ['too-large warning', {}, { stats: { store_too_large: 1 }, grown: { store_too_large: 1 } }],
  [
    'default-memory warning',
    { stats: { limit_maxbytes: 65 * MEGABYTE, evictions: 1 } },
    { stats: { limit_maxbytes: 64 * MEGABYTE, evictions: 1 } },
  ],
  [
    'hash-table warning',
    { stats: { curr_items: 1536, hash_power_level: 10 } },
    { stats: { curr_items: 1537, hash_power_level: 10 } },
  ],
  ['hash-table info', { stats: { hash_is_expanding: 0 } }, { stats: { hash_is_expanding: 1 } }],
  [
    'tail-repairs warning',
    { slabs: slabClass(1, 0, 0), items: { 'items:1:tailrepairs': 0 } },
    { slabs: slabClass(1, 0, 0), items: { 'items:1:tailrepairs': 1 } },
  ],
  [
    'connections warning',
    { stats: { curr_connections: 80, max_connections: 100 } },
    { stats: { curr_connections: 81, max_connections: 100 } },
  ],
  ['connection-limit warning', { stats: { rejected_connections: 0 } }, { stats: { rejected_connections: 1 } }],
  ['connection-limit bad', {}, { stats: { listen_disabled_num: 1 }, grown: { listen_disabled_num: 1 } }],
  ['churn warning', { grown: { total_connections: 100 } }, { grown: { total_connections: 101 } }],
  ['yields info', { stats: { cmd_get: 1000, conn_yields: 10 } }, { stats: { cmd_get: 1000, conn_yields: 11 } }],
  [
    'cas-contention warning',
    { stats: { cas_badval: 100, cas_hits: 100 } },
    { stats: { cas_badval: 101, cas_hits: 100 } },
  ],
  [
    'cas-contention warning',
    { stats: { cas_badval: 200, cas_hits: 1800 } },
    { stats: { cas_badval: 200, cas_hits: 1799 } },
  ],
  ['flushes warning', { stats: { cmd_flush: 1, uptime: 60 } }, { stats: { cmd_flush: 2, uptime: 60 } }],
  ['flushes warning', { stats: { cmd_flush: 10, uptime: 864_000 } }, { stats: { cmd_flush: 11, uptime: 864_000 } }],
  ['auth-failures info', { stats: { auth_errors: 0 } }, { stats: { auth_errors: 1 } }],
  ['auth-failures warning', {}, { stats: { auth_errors: 1 }, grown: { auth_errors: 1 } }],
  ['idle-connections info', { conns: silent(100, 3601) }, { conns: silent(101, 3601) }],
  ['idle-connections info', { conns: silent(101, 3600) }, { conns: silent(101, 3601) }],
  ['slow-answers warning', { pings: pings(20) }, { pings: pings(20.1) }],
  ['clock warning', { clockAhead: -2 }, { clockAhead: -2.1 }],
  ['exposed warning', { settings: { inter: '127.0.0.1' } }, { settings: { inter: 'NULL' } }],
  [
    'exposed warning',
    { settings: { inter: '', auth_enabled_ascii: true } },
    { settings: { inter: '127.0.0.1,10.0.0.1' } },
  ],
  ['exposed warning', { settings: { inter: 'NULL', domain_socket: '/run/mc.sock' } }, { settings: { inter: '' } }],
  ['udp bad', { settings: { udpport: 0 } }, { settings: { udpport: 11_211 } }],
  ['maintainer-off warning', { settings: { lru_crawler: true } }, { settings: { lru_crawler: false } }],
  ['maintainer-off warning', {}, { settings: { lru_maintainer_thread: false } }],
  ['threads info', { settings: { num_threads: 8 } }, { settings: { num_threads: 9 } }],
  ['old-version warning', { stats: { version: '1.6.10' } }, { stats: { version: '1.6.9' } }],
  ['old-version warning', { stats: { version: '2.0.0' } }, { stats: { version: '1.5.22' } }],
]

describe('a rule', () => {
  it.each(THRESHOLDS)('finds %s beyond its threshold and not at it', (finding, well, ill) => {
    expect(found(well)).not.toContain(finding)
    expect(found(ill)).toContain(finding)
  })

  it('has a test of its threshold, a name of its own, and says what to do', () => {
    const tested = new Set(THRESHOLDS.map(([finding]) => finding.slice(0, finding.indexOf(' '))))
    expect(new Set(RULES.map(({ name }) => name))).toEqual(tested)
    for (const { fix } of [...RULES, ...CLUSTER_RULES]) expect(fix).toMatch(/^[A-Z].*[^.]$/)
  })

  it('finds nothing in a server without numbers', () => expect(found({})).toEqual([]))
})

describe('a rule about several servers', () => {
  it.each<[string, Case[], Case[]]>([
    ['versions info', [{}, {}], [{}, { stats: { version: '1.6.18' } }]],
    [
      'uneven-items warning',
      [{ stats: { curr_items: 3000 } }, { stats: { curr_items: 1000 } }],
      [{ stats: { curr_items: 3001 } }, { stats: { curr_items: 1000 } }],
    ],
    [
      'uneven-reads warning',
      [{ grown: { cmd_get: 3000 } }, { grown: { cmd_get: 1000 } }],
      [{ grown: { cmd_get: 3001 } }, { grown: { cmd_get: 1000 } }],
    ],
  ])('finds %s beyond its threshold and not at it', (finding, well, ill) => {
    expect(found(...named(well))).not.toContain(finding)
    expect(found(...named(ill))).toContain(finding)
  })
})

describe('memlane doctor', () => {
  it('shows a finding with what to do, exits with 1 for a warning, and has the numbers in JSON', async () => {
    const { address } = await startServer()
    for (let at = 0; at < 2; at++) await runCommand(['flush', '--yes', '-s', address])
    const text = await runCommand(['doctor', '--for', '100ms', '-s', address])
    expect(text.exitCode).toBe(1)
    expect(text.output).toMatch(/ {2}warning {2}flushes {11}flush_all came 2 times in \d+s\n {29}Look for a client/)
    const json = await runCommand(['doctor', '--for', '100ms', '--json', '-s', address])
    const lines = json.output.trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        rule: 'flushes',
        level: 'warning',
        server: address,
        fields: expect.objectContaining({ cmd_flush: 2 }),
      }),
    )
  })

  it('removes its line of progress before it writes to the same terminal', async () => {
    const { address } = await startServer()
    const host = new TestHost({ columns: 80 })
    let before = ''
    host.stdout.once('wrote', () => {
      before = host.stderr.text
    })
    await host.run(['doctor', '--for', '100ms', '-s', address])
    expect(before).toContain('looking at 1 server for 100ms')
    expect(before.endsWith('\r\u001B[K')).toBe(true)
  })

  it('examines the servers that answer, names the others, and exits with 3', async () => {
    const { address } = await startServer()
    const { exitCode, output, errors } = await runCommand([
      'doctor',
      '--for',
      '100ms',
      '-s',
      address,
      '-s',
      '127.0.0.1:1',
    ])
    expect(exitCode).toBe(3)
    expect(output).toContain(address)
    expect(errors).toContain('127.0.0.1:1')
    expect(errors).not.toContain('nothing was found')
  })
})
