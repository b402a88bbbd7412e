/**
 * @typedef {object} Workload
 * @property {string} name what `--workload` takes
 * @property {string} title
 * @property {'get' | 'set' | 'mix' | 'getMany' | 'open' | 'bursts' | 'cold' | 'memory' | 'import'} kind
 * @property {'get' | 'getOrSet' | 'MetaClient' | 'namespace'} through the call of memlane that reads
 * @property {'one' | 'eight' | 'unix' | 'tls'} servers
 * @property {readonly string[]} clients who takes part, besides the Python clients of some rows
 * @property {Partial<Workload>} [baseline] differences of the workload that memlane is also measured with, as `baseline`
 * @property {number} inFlight calls that wait at any time
 * @property {number} [rate] calls that begin in a second, of the open loop
 * @property {'text' | 'json'} values
 * @property {number} valueBytes
 * @property {'ascii' | 'utf8'} keys
 * @property {number} keyCount
 * @property {number} missShare part of the keys that is not stored
 * @property {boolean} quick also runs with `--quick`
 * @property {boolean} chart has a place in the chart
 * @property {Goal} goal
 *
 * @typedef {object} Goal
 * @property {number} [rate] so many times the rate of the best rival, at least
 * @property {number} [cpu] so many times less CPU than the best rival, at least
 * @property {number} [floor] this part of the raw socket's rate, at least
 * @property {number} [floorCpu] so many times the raw socket's CPU, at most
 * @property {number} [ownRate] this part of the baseline's rate, at least
 * @property {number} [ownCpu] so many times the baseline's CPU, at most
 * @property {number} [pylibmc] times its rate, at least
 * @property {number} [p99] so many times less than the p99 of the best rival that keeps the rate, at least
 * @property {number} [burst] so many times less than the time of the best rival's bursts, at least
 * @property {number} [sockets] at most
 * @property {number} [heapBytes] at most
 * @property {number} [cpuMicros] of one call, at most
 */

/** The clients of memcached for JavaScript, and the raw socket. */
export const MEMCACHED_CLIENTS = ['memlane', 'raw', 'memjs', 'memcached', 'memcache', 'memcache-client']

/** Those that speak TLS, and the strongest client of another server beside them. */
const TLS_CLIENTS = ['memlane', 'raw', 'memcache', 'memcache-client', 'ioredis']

/** No other client of memcached reaches a unix socket: one puts a port behind the path, one asks the DNS for it. */
const UNIX_CLIENTS = ['memlane', 'raw', 'ioredis']

/** Everybody; ioredis with and without the option that makes it fast. */
const OPEN_CLIENTS = [...MEMCACHED_CLIENTS, 'ioredis', 'ioredis-plain', 'valkey-glide']

const BASE = {
  kind: 'get',
  through: 'get',
  servers: 'one',
  clients: MEMCACHED_CLIENTS,
  inFlight: 64,
  values: 'text',
  valueBytes: 100,
  keys: 'ascii',
  keyCount: 1000,
  missShare: 0,
  quick: false,
  chart: false,
  goal: {},
}

/** Keys of one getMany. */
export const MANY_KEYS = 100

const GET_64 = { rate: 8, cpu: 8, floor: 0.7, floorCpu: 1.1 }
const SET_64 = { rate: 4, cpu: 5, floor: 0.7, floorCpu: 1.15 }
const MANY_100 = { kind: 'getMany', inFlight: 4 }
/** Our own call beside a plain `get`, and the floor. */
const OWN_CALL = { clients: ['memlane', 'raw'], baseline: { through: 'get' } }
/** Over several servers beside one. */
const OF_EIGHT = { servers: 'eight', clients: ['memlane'], baseline: { servers: 'one' } }
const OVER_UNIX = { servers: 'unix', clients: UNIX_CLIENTS, baseline: { servers: 'one' } }
const OF_10_KB = { inFlight: 16, valueBytes: 10_000, keyCount: 128 }
const OVER_TLS = { servers: 'tls', clients: TLS_CLIENTS, baseline: { servers: 'one' } }
/** As the ASCII rows; the floor knows no JSON. */
const JSON_400 = { values: 'json', valueBytes: 400, chart: true }
const LARGE = { inFlight: 4, goal: { rate: 1.5 } }
const OF_100_KB = { ...LARGE, valueBytes: 100_000, keyCount: 64 }
const OF_900_KB = { ...LARGE, valueBytes: 900_000, keyCount: 16 }

/** @type {readonly Workload[]} */
export const WORKLOADS = [
  row('get-1', 'get, one at a time', { inFlight: 1, quick: true, chart: true, goal: { rate: 1, floor: 0.9 } }),
  row('get-64', 'get, 64 in flight', { quick: true, chart: true, goal: GET_64 }),
  row('get-512', 'get, 512 in flight', {
    inFlight: 512,
    quick: true,
    chart: true,
    goal: { rate: 12, cpu: 10, floor: 0.7, floorCpu: 1.25 },
  }),
  row('set-64', 'set, 64 in flight', { kind: 'set', quick: true, chart: true, goal: SET_64 }),
  row('mix-64', '90 % get, 10 % set, 64', {
    kind: 'mix',
    quick: true,
    chart: true,
    goal: { rate: 5, cpu: 6, floor: 0.7 },
  }),
  row('many-100', `getMany of ${MANY_KEYS}, 4 at a time`, {
    ...MANY_100,
    quick: true,
    chart: true,
    goal: { rate: 4, cpu: 4, floor: 0.7, floorCpu: 1.45, pylibmc: 1 },
  }),
  row('json-get', 'JSON get, non-ASCII, 64', { ...JSON_400, quick: true, goal: { rate: 8, cpu: 8 } }),
  row('json-set', 'JSON set, non-ASCII, 64', { ...JSON_400, kind: 'set', goal: { rate: 4, cpu: 5 } }),
  row('get-100k', 'get 100 kB, 4', { ...OF_100_KB, quick: true, chart: true }),
  row('set-100k', 'set 100 kB, 4', { ...OF_100_KB, kind: 'set', chart: true }),
  row('get-900k', 'get 900 kB, 4', { ...OF_900_KB, chart: true }),
  row('set-900k', 'set 900 kB, 4', { ...OF_900_KB, kind: 'set', chart: true }),
  row('get-10b', 'get 10 B, 64', { valueBytes: 10 }),
  row('get-1k', 'get 1 kB, 64', { valueBytes: 1000 }),
  row('get-10k', 'get 10 kB, 64', { valueBytes: 10_000 }),
  row('utf8-keys', 'get, UTF-8 keys, 64', { keys: 'utf8' }),
  row('miss-50', 'get, 50 % misses, 64', { missShare: 0.5 }),
  row('getorset-64', 'getOrSet, all hits, 64', { ...OWN_CALL, through: 'getOrSet', goal: { ownCpu: 2 } }),
  row('meta-64', 'MetaClient.get, 64', { ...OWN_CALL, through: 'MetaClient', goal: { ownCpu: 1.6 } }),
  row('namespace-64', 'get of a namespace, 64', { ...OWN_CALL, through: 'namespace', goal: { ownCpu: 1.15 } }),
  row('eight-64', 'get, 8 servers, 64', { ...OF_EIGHT, goal: { ownRate: 0.75 } }),
  row('eight-512', 'get, 8 servers, 512', { ...OF_EIGHT, inFlight: 512, goal: { ownRate: 0.7 } }),
  row('eight-many', `getMany of ${MANY_KEYS}, 8 servers, 4`, { ...OF_EIGHT, ...MANY_100, goal: { ownCpu: 1.4 } }),
  row('unix-64', 'get, unix socket, 64', { ...OVER_UNIX, goal: { floor: 0.7, floorCpu: 1.1 } }),
  row('unix-many', `getMany of ${MANY_KEYS}, unix socket, 4`, { ...OVER_UNIX, ...MANY_100, goal: { floor: 0.7 } }),
  row('tls-64', 'get, TLS, 64', { ...OVER_TLS, goal: { rate: 1, floor: 0.7, floorCpu: 1.1 } }),
  row('tls-set-64', 'set, TLS, 64', { ...OVER_TLS, kind: 'set', goal: { rate: 1, floor: 0.7 } }),
  row('tls-10k', 'get 10 kB, TLS, 16', { ...OVER_TLS, ...OF_10_KB, goal: { rate: 1, floor: 0.7 } }),
  row('tls-set-10k', 'set 10 kB, TLS, 16', {
    ...OVER_TLS,
    ...OF_10_KB,
    kind: 'set',
    clients: ['memlane', 'ioredis'],
    goal: { rate: 1 },
  }),
  row('tls-many', `getMany of ${MANY_KEYS}, TLS, 4`, { ...OVER_TLS, ...MANY_100, goal: { rate: 1, floor: 0.7 } }),
  ...[15_000, 30_000, 60_000, 90_000, 120_000, 180_000, 240_000].map((rate) =>
    row(`open-${rate / 1000}k`, `open loop, ${rate / 1000} k gets/s`, {
      kind: 'open',
      rate,
      clients: OPEN_CLIENTS,
      goal: { p99: 1 },
    }),
  ),
  row('bursts', 'bursts of 5,000 gets', { kind: 'bursts', clients: OPEN_CLIENTS, goal: { burst: 3 } }),
  row('import', 'import, a new process', {
    kind: 'import',
    clients: ['memlane', 'memjs', 'memcached', 'memcache', 'memcache-client', 'ioredis', 'valkey-glide'],
    goal: { cpuMicros: 25_000 },
  }),
  row('cold', '1,000 gets, cold client', { kind: 'cold', inFlight: 1000, quick: true, goal: { sockets: 1 } }),
  row('memory', '1 M gets, then idle', { kind: 'memory', goal: { heapBytes: 5e6 } }),
]

function row(name, title, differences) {
  return { ...BASE, name, title, ...differences }
}
