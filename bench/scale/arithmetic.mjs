// Figures that follow from numbers alone: answers that meet in a switch, the hottest key, servers of a gutter.
import { grouped, percent, printTable } from './table.mjs'

const BITS_PER_BYTE = 8
/** Port of the client, in bits per second, and the buffer that a switch has for it, in bytes. */
const PORT = 10e9
const SWITCH_BUFFER = 150_000
const RETRANSMIT_MS = 200

/** Answers of many servers to one call, which reach the port of its client at once. */
export function incast() {
  const rows = [1000, 10_000, 50_000].flatMap((bytes) =>
    [100, 632, 1000].map((servers) => ({
      servers,
      bytes,
      total: servers * bytes,
      portMs: (servers * bytes * BITS_PER_BYTE * 1000) / PORT,
      fit: Math.max(1, Math.floor(SWITCH_BUFFER / bytes)),
    })),
  )
  printTable(
    `Incast: answers at once to one port of ${PORT / 1e9} Gb/s with a buffer of ${SWITCH_BUFFER / 1000} kB; what is lost comes ${RETRANSMIT_MS} ms later`,
    ['answers of', 'from servers', 'MB in all', 'ms of the port', 'servers that fit'],
    rows.map((row) => [
      `${row.bytes / 1000} kB`,
      row.servers,
      (row.total / 1e6).toFixed(1),
      row.portMs.toFixed(2),
      Math.min(row.fit, row.servers),
    ]),
  )
  return rows
}

/** Keys, reads of all processes per second, and the skew of the keys. */
const KEYS = 10_000_000
const READS = 50_000_000
const SKEW = 0.99

/** The key that is read most, by Zipf's law, and what takes its reads off one server. */
export function hotKey({ servers = 1000, processes = 10_000, nearTtlS = 1, copies = 10 } = {}) {
  let total = 0
  for (let rank = 1; rank <= KEYS; rank++) total += rank ** -SKEW
  const reads = READS / total
  const mean = READS / servers
  const rows = [
    { title: 'the hottest key, on one server', perSecond: reads },
    { title: `${copies} copies, each on a server`, perSecond: reads / copies },
    {
      title: `near cache of ${nearTtlS} s in ${grouped(processes)} processes, at most`,
      perSecond: processes / nearTtlS,
    },
  ]
  printTable(
    `Hot key: zipf ${SKEW} over ${grouped(KEYS)} keys, ${grouped(READS)} reads a second on ${grouped(servers)} servers: ${percent(1 / total)} of all for one key`,
    ['', 'reads a second of one server', 'of the mean of a server'],
    rows.map(({ title, perSecond }) => [
      title,
      grouped(perSecond),
      `${(perSecond / mean).toFixed(perSecond < mean ? 2 : 0)} ×`,
    ]),
  )
  return rows.map((row) => ({ ...row, mean }))
}

/** Numbers of servers, of spare ones, and of those that are out. */
const GUTTERS = [
  { servers: 100, spare: 1 },
  { servers: 100, spare: 2 },
  { servers: 1000, spare: 5 },
  { servers: 1000, spare: 10 },
  { servers: 1000, spare: 20 },
]
const OUT = [1, 2, 10]

/** Load of each server of a gutter beside that of a normal server. */
export function gutter() {
  const rows = GUTTERS.map(({ servers, spare }) => ({ servers, spare, loads: OUT.map((out) => out / spare) }))
  printTable(
    'Gutter: load of each spare server beside that of a normal one, while servers are out',
    ['servers', 'spare', ...OUT.map((out) => `${out} out`)],
    rows.map(({ servers, spare, loads }) => [servers, spare, ...loads.map((load) => `${load.toFixed(2)} ×`)]),
  )
  return rows
}
