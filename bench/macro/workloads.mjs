/**
 * @typedef {object} Workload
 * @property {string} name what `--workload` takes
 * @property {string} title
 * @property {'get' | 'set' | 'mix' | 'getMany' | 'cold' | 'memory'} kind
 * @property {number} inFlight calls that wait at any time
 * @property {'text' | 'json'} values
 * @property {number} valueBytes
 * @property {'ascii' | 'utf8'} keys
 * @property {number} keyCount
 * @property {number} missShare part of the keys that is not stored
 * @property {boolean} quick also runs with `--quick`
 * @property {boolean} chart has a place in the chart
 * @property {{ rate?: number, cpu?: number, floor?: number, pylibmc?: number, sockets?: number, heapBytes?: number }} goal
 *   `rate` and `cpu`: so many times better than the best rival; `floor`: that part of the raw socket's rate;
 *   `pylibmc`: times its rate; the last two are limits
 */

const BASE = {
  kind: 'get',
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

const GET_64 = { rate: 8, cpu: 8, floor: 0.7 }
const SET_64 = { rate: 4, cpu: 5, floor: 0.7 }
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
    goal: { rate: 12, cpu: 10, floor: 0.7 },
  }),
  row('set-64', 'set, 64 in flight', { kind: 'set', quick: true, chart: true, goal: SET_64 }),
  row('mix-64', '90 % get, 10 % set, 64', {
    kind: 'mix',
    quick: true,
    chart: true,
    goal: { rate: 5, cpu: 6, floor: 0.7 },
  }),
  row('many-100', `getMany of ${MANY_KEYS}, 4 at a time`, {
    kind: 'getMany',
    inFlight: 4,
    quick: true,
    chart: true,
    goal: { rate: 4, cpu: 4, floor: 0.7, pylibmc: 1 },
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
  row('cold', '1,000 gets, cold client', { kind: 'cold', inFlight: 1000, quick: true, goal: { sockets: 1 } }),
  row('memory', '1 M gets, then idle', { kind: 'memory', goal: { heapBytes: 5e6 } }),
]

function row(name, title, differences) {
  return { ...BASE, name, title, ...differences }
}
