// Distributions over many servers: time to build, to change and to pick, keys that one more server moves, and the load of
// the fullest server.
import { jump, ketama, rendezvous } from '../../dist/routing.mjs'
import { grouped, ms, percent, printTable, quantile } from './table.mjs'

const DISTRIBUTIONS = {
  'ketama()': () => ketama(),
  'ketama({ weighted: false })': () => ketama({ weighted: false }),
  'rendezvous()': () => rendezvous(),
  'jump()': () => jump(),
}
const BUILDS = 9
const CHANGES = 25
/** Picks that are timed; fewer where a pick looks at every server. */
const TIMED_PICKS = 20_000
/** Keys that show the load of each server, where a pick takes less than the limit: fewer make every load uneven. */
const LOAD_KEYS_PER_SERVER = 1000
const LOAD_LIMIT_US = 5
/** Keys that show moves. */
const KEYS = Array.from({ length: 50_000 }, (_, at) => `user:${at}:profile`)

export function listOf(count, from = 0) {
  return Array.from({ length: count }, (_, at) => {
    const number = at + from
    return { name: `10.0.${number >> 8}.${number & 255}:11211`, weight: 1 }
  })
}

/** Measures every distribution for each number of servers. */
export function measureRings(counts) {
  const rows = counts.flatMap((count) =>
    Object.entries(DISTRIBUTIONS).map(([name, make]) => ({ name, servers: count, ...measure(make, count) })),
  )
  printRows(rows)
  return rows
}

function measure(make, count) {
  const list = listOf(count)
  const distribution = make()
  const builds = timesOf(BUILDS, () => distribution(list))
  let router = distribution(list)
  const changes = timesOf(CHANGES, (turn) => {
    router = distribution(list.with((turn * 7) % count, { name: `10.9.9.${turn}:11211`, weight: 1 }), router)
  })
  router = distribution(list)
  const more = distribution([...list, ...listOf(1, count)], router)
  const picks = KEYS.map((key) => router.pick(key))
  const pickUs = timeOf((key) => router.pick(key), count)
  return {
    firstBuildMs: builds[0],
    leastBuildMs: Math.min(...builds),
    buildMs: quantile(builds, 0.5),
    leastChangeMs: Math.min(...changes),
    changeMs: quantile(changes, 0.5),
    pickUs,
    standInUs: timeOf((key) => secondOf(router.order(key)), count),
    moved: KEYS.filter((key, at) => more.pick(key) !== picks[at]).length / KEYS.length,
    ideal: 1 / (count + 1),
    load: pickUs > LOAD_LIMIT_US ? undefined : loadOf(router, count),
  }
}

function timesOf(count, run) {
  return Array.from({ length: count }, (_, turn) => {
    const startedAt = performance.now()
    run(turn)
    return performance.now() - startedAt
  })
}

/** Returns the median time of a call in microseconds, of five rounds. */
function timeOf(call, servers) {
  const keys = KEYS.slice(0, Math.max(1000, Math.floor(TIMED_PICKS / Math.max(1, servers / 50))))
  for (const key of keys) call(key)
  const rounds = timesOf(5, () => {
    for (const key of keys) call(key)
  })
  return (quantile(rounds, 0.5) * 1000) / keys.length
}

function secondOf(order) {
  const iterator = order[Symbol.iterator]()
  iterator.next()
  return iterator.next().value
}

/** Returns the load of the fullest server beside the mean. */
function loadOf(router, count) {
  const loads = new Uint32Array(count)
  for (let at = 0; at < count * LOAD_KEYS_PER_SERVER; at++) loads[router.pick(`item:${at}`)]++
  return Math.max(...loads) / LOAD_KEYS_PER_SERVER
}

function printRows(rows) {
  const title = `Distributions: ${grouped(KEYS.length)} keys, servers of one weight; milliseconds of a build or change: the first, the least, the median; microseconds of a pick`
  const header = [
    '',
    'servers',
    'first',
    'least',
    'build',
    'least',
    'change',
    'pick us',
    'stand-in us',
    'moved',
    'ideal',
    'max/mean',
  ]
  const cells = rows.map((row) => [
    row.name,
    row.servers,
    ms(row.firstBuildMs),
    ms(row.leastBuildMs),
    ms(row.buildMs),
    ms(row.leastChangeMs),
    ms(row.changeMs),
    row.pickUs.toFixed(2),
    row.standInUs.toFixed(2),
    percent(row.moved),
    percent(row.ideal),
    row.load?.toFixed(2) ?? '',
  ])
  printTable(title, header, cells)
}
