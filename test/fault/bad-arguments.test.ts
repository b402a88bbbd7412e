import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MetaClient } from '../../src/client/meta/client.ts'
import { MemcacheError } from '../../src/errors.ts'
import { messageOf } from '../../src/message-of.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { settleAll } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'
import { NONSENSE } from '../support/nonsense.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

/** A method, and arguments that are good. */
type Method = readonly [name: string, ...args: unknown[]]

const CHANGE = (): string => 'changed'
const LOAD = (): string => 'loaded'
const LOAD_MANY = (): Map<string, string> => new Map()

const ONE_KEY: readonly Method[] = [
  ['get', 'k', {}],
  ['gets', 'k', {}],
  ['gat', 'k', 5, {}],
  ['gats', 'k', 5, {}],
  ['has', 'k', {}],
  ['inspect', 'k', {}],
  ['set', 'k', 'v', {}],
  ['add', 'k', 'v', {}],
  ['replace', 'k', 'v', {}],
  ['append', 'k', 'v', {}],
  ['prepend', 'k', 'v', {}],
  ['cas', 'k', 'v', 1n, {}],
  ['delete', 'k', {}],
  ['touch', 'k', 5, {}],
  ['incr', 'n', 1, {}],
  ['decr', 'n', 1, {}],
]

const ONE_CALL: readonly Method[] = [
  ...ONE_KEY,
  ['pop', 'k', {}],
  ['invalidate', 'k', { staleFor: 5 }],
  ['getOrSet', 'k', LOAD, {}],
  ['update', 'k', CHANGE, {}],
]

const BATCHES: readonly Method[] = [
  ['getMany', ['k'], {}],
  ['getsMany', ['k'], {}],
  ['setMany', { k: 'v' }, {}],
  ['addMany', { k: 'v' }, {}],
  ['deleteMany', ['k'], {}],
  ['incrMany', ['n'], 1, {}],
  ['getOrSetMany', ['k'], LOAD_MANY, {}],
]

const QUIET: readonly Method[] = [
  ['set', 'k', 'v', {}],
  ['add', 'k', 'v', {}],
  ['replace', 'k', 'v', {}],
  ['append', 'k', 'v', {}],
  ['prepend', 'k', 'v', {}],
  ['cas', 'k', 'v', 1n, {}],
  ['delete', 'k', {}],
  ['incr', 'n', 1, {}],
  ['decr', 'n', 1, {}],
  ['touch', 'k', 5, {}],
  ['setMany', { k: 'v' }, {}],
  ['addMany', { k: 'v' }, {}],
  ['deleteMany', ['k'], {}],
]

const SERVERS: readonly Method[] = [
  ['version', {}],
  ['ping', {}],
  ['stats', 'items', {}],
  ['flushAll', {}],
  ['cacheMemlimit', 64, {}],
  ['verbosity', 1, {}],
  // A nonsensical end token never comes: such a call takes all its time.
  ['rawCommand', 'version', { timeoutMs: 50 }],
  ['serverFor', 'k', {}],
  ['hash', 'k'],
  ['addServer', 'other:1'],
  ['removeServer', 'other:1'],
  ['checkKey', 'k'],
  ['serialize', 'v', 'k'],
  ['deserialize', new Uint8Array([49]), 0, 'k'],
  ['namespace', 'prefix', {}],
  ['clone', {}],
]

const META: readonly Method[] = [
  ['get', 'k', {}],
  ['gat', 'k', 5, {}],
  ['set', 'k', 'v', {}],
  ['add', 'k', 'v', {}],
  ['replace', 'k', 'v', {}],
  ['cas', 'k', 'v', 1n, {}],
  ['append', 'k', 'v', {}],
  ['prepend', 'k', 'v', {}],
  ['delete', 'k', {}],
  ['invalidate', 'k', {}],
  ['incr', 'n', 1, {}],
  ['decr', 'n', 1, {}],
  ['touch', 'k', 5, {}],
  ['debug', 'k', {}],
  ['execute', { command: 'mg', key: 'k', flags: ['v'] }, {}],
]

/** Every option of any call: nonsense in each is tried with each call that has it, and with those that have not. */
const OPTIONS = [
  'signal',
  'timeoutMs',
  'routingKey',
  'serde',
  'default',
  'ttl',
  'clientFlags',
  'compression',
  'keyPrefix',
  'initial',
  'staleFor',
  'attempts',
  'emptyTtl',
  'refreshAhead',
  'leaseTtl',
  'waitMs',
  'staleOnError',
  'lease',
  'server',
  'delay',
  'endToken',
  'body',
] as const

const META_OPTIONS = [
  ...OPTIONS.slice(0, 8),
  'returnKey',
  'opaque',
  'value',
  'returnCas',
  'noLruBump',
  'touch',
  'vivify',
  'recache',
  'newCas',
  'unlessCas',
  'invalidate',
  'compareCas',
  'mode',
  'dropValue',
  'initial',
  'initialTtl',
] as const

type Callable = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** A way to call a method, and everything that a test may call it on. */
interface Target {
  readonly name: string
  readonly methods: readonly Method[]
  readonly options: readonly string[]
  readonly make: () => object
}

let server: RealMemcached
let cache: MockMemcache
let real: Memcache
let meta: MetaClient

const TARGETS: readonly Target[] = [
  { name: 'a client', methods: [...ONE_CALL, ...BATCHES, ...SERVERS], options: OPTIONS, make: () => cache },
  { name: 'a client of a real server', methods: SERVERS, options: OPTIONS, make: () => real },
  { name: 'noreply', methods: QUIET, options: OPTIONS, make: () => cache.noreply },
  { name: 'a namespace', methods: [...ONE_CALL, ...BATCHES], options: OPTIONS, make: () => cache.namespace('n:') },
  {
    name: 'a namespace with generations',
    methods: [...ONE_CALL, ...BATCHES],
    options: OPTIONS,
    make: () => cache.namespace('g:', { generations: { refreshMs: 0 } }),
  },
  { name: 'noreply of a namespace', methods: QUIET, options: OPTIONS, make: () => cache.namespace('n:').noreply },
  { name: 'a MetaClient', methods: [...META, ['noop', {}], ['flushAll', {}]], options: META_OPTIONS, make: () => meta },
]

beforeAll(async () => {
  server = await startMemcached()
  cache = new MockMemcache('mock', patient)
  real = new Memcache(server.address, patient)
  meta = new MetaClient(server.address, patient)
})
afterAll(async () => {
  cache.destroy()
  real.destroy()
  meta.destroy()
  await server.stop()
})

/** Every way to put nonsense into one argument of a method, or into one of its options. */
function* spoilt(method: Method, options: readonly string[]): Generator<readonly [what: string, args: unknown[]]> {
  const [name, ...args] = method
  for (const [kind, make] of NONSENSE) {
    for (const at of args.keys()) {
      // What a function of the caller's throws is the outcome, as documented.
      const isCalled = typeof args[at] === 'function' && typeof make() === 'function'
      if (!isCalled) yield [`${name} with ${kind} as argument ${at}`, args.with(at, make())]
    }
    const last = args.length - 1
    if (!isOptions(args[last])) continue
    for (const option of options) {
      yield [`${name} with ${kind} as ${option}`, args.with(last, { ...(args[last] as object), [option]: make() })]
    }
  }
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

describe.each(TARGETS)('nonsense in a call of $name', ({ methods, options, make }) => {
  it.each(methods.map((method) => [method[0], method] as const))(
    '%s is a result or an error of memlane, in one line, and harms nothing',
    async (name, method) => {
      const crashes = collectCrashes()
      const target = make() as Callable
      const wrong: string[] = []
      for (const [what, args] of spoilt(method, options)) {
        const [error] = await settleAll([failureOf(() => target[name]!(...args))], 20_000)
        const { value } = error as PromiseFulfilledResult<unknown>
        if (value === undefined) continue
        if (!(value instanceof MemcacheError)) wrong.push(`${what}: ${messageOf(value)}`)
        else if (/[\r\n]/.test(value.message)) wrong.push(`${what}: more than one line`)
      }
      expect(wrong).toEqual([])
      await turns()
      expect(crashes).toEqual([])
      const neighbour = make() as Callable
      expect(await neighbour['set']!('neighbour', 'good')).not.toBe(false)
    },
    60_000,
  )
})

describe.each<readonly [string, () => { run(options?: unknown): Promise<unknown> } & object, readonly Method[]]>([
  ['a pipeline', () => cache.pipeline(), ONE_KEY],
  ['a meta pipeline', () => meta.pipeline(), META],
  ['a quiet meta pipeline', () => meta.pipeline({ quiet: true }), META],
])('nonsense in %s', (_, make, methods) => {
  it('fails its own command and no other', async () => {
    const crashes = collectCrashes()
    const wrong: string[] = []
    for (const method of methods) {
      for (const [what, args] of spoilt(method, ['signal', 'ttl', 'serde'])) {
        const pipeline = make() as unknown as Callable
        pipeline['set']!('before', 1)
        const refused = await failureOf(() => void pipeline[method[0]]!(...args))
        if (refused !== undefined && !(refused instanceof MemcacheError)) wrong.push(`${what}: ${messageOf(refused)}`)
        pipeline['set']!('after', 2)
        const outcomes = (await pipeline['run']!()) as readonly { readonly status: string; readonly reason?: unknown }[]
        for (const at of [0, outcomes.length - 1]) {
          if (!['fulfilled', 'stored'].includes(outcomes[at]!.status)) wrong.push(`${what}: ${outcomes[at]!.status}`)
        }
        const { reason } = outcomes[1]!
        if (reason !== undefined && !(reason instanceof MemcacheError)) wrong.push(`${what}: ${messageOf(reason)}`)
      }
    }
    expect(wrong).toEqual([])
    expect(crashes).toEqual([])
  }, 120_000)

  it('is refused as the options of run', async () => {
    const wrong: string[] = []
    for (const [kind, nonsense] of NONSENSE) {
      const failure = await failureOf(() => make().run(nonsense()))
      if (failure !== undefined && !(failure instanceof MemcacheError)) wrong.push(`${kind}: ${messageOf(failure)}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('nonsense in the options of a client', () => {
  const names = `timeoutMs connectTimeoutMs tls auth connect protocol coalesceReads maxPending cluster retry fallback
    fallbackOn refill middleware longKeys serde compression defaultTtl requireTtl maxTtl ttlJitter failures keyPrefix hashKeyPrefix
    connectionsPerServer maxItemBytes unknown`.split(/\s+/)

  it.each(names)('is InvalidInputError of the constructor: %s', (name) => {
    for (const [kind, make] of NONSENSE) {
      expectMade(() => new Memcache('localhost:1', { [name]: make() }), `${kind} as ${name}`)
    }
  })

  it('is InvalidInputError of the constructor in the place of servers or options', () => {
    for (const [kind, make] of NONSENSE) {
      expectMade(() => new Memcache(make() as never), `${kind} as servers`)
      expectMade(() => new Memcache([make()] as never), `${kind} as a server`)
      expectMade(() => new Memcache('localhost:1', make() as never), `${kind} as options`)
    }
  })
})

function expectMade(make: () => Memcache, what: string): void {
  try {
    make().destroy()
  } catch (error) {
    expect(error, what).toBeInstanceOf(MemcacheError)
    expect((error as Error).message, what).not.toMatch(/[\r\n]/)
  }
}
