import { keysHeading, writePart } from './page.ts'
import type { PairExchange, RoutingExchange } from './routing-exchange.ts'
import { KEY_COUNT } from './routing-keys.ts'
import type { RoutingPair } from './routing-pair.ts'
import type { Place } from './routing-servers.ts'

const HEAD = `${keysHeading}

Written by the same run, which starts 3 to 5 memcached for every line and lets each side write ${KEY_COUNT} keys and read the
${KEY_COUNT} of the other, twice: with the list of servers as it is, and turned round. *found*: all, where each side found all keys
of the other and each key was on the server that \`serverFor\` names and on no other, also over new connections. *order*: yes,
where a key's server depends on the order of the list, so that both sides need the same. *keys*: UTF-8 go beyond ASCII;
php-memcached refuses such keys unless it speaks the binary protocol. Values are texts, by the serde of the other client.

- *11211* is memcached's own port, which some clients leave out of a server's name; *IPv6* is \`[::1]:port\`; ×2 is the
  weight 2.
- pylibmc takes hosts or unix sockets, not both; php-memcached's sockets were added as \`addServer(path, 0)\`.
- twemproxy was written to and read from through pymemcache. It sorts its servers by name.
- memjs and memcached (npm) know neither IPv6 nor sockets. \`routing.hashring()\` is the ring of Python's hashring, and of npm's
  hashring with \`compatibility: 'hash_ring'\`; memcached (npm) has
  \`memcachedNpm()\`, which is \`ketama()\` for most lists.
`

/** Writes the part of docs/interop.md about several servers; the same text for the same outcomes. */
export function writeKeysPart(results: ReadonlyMap<RoutingPair, PairExchange>): void {
  const versions = new Map([...results].map(([{ family }, { asItIs }]) => [family.name, asItIs.version]))
  const seen = [...versions].map(([name, version]) => `${name} ${version}`).join(', ')
  const rows = [...results].map(([pair, result]) => row(pair, result))
  const table = [
    '| the other client | memlane | servers | keys | order | found |',
    '|---|---|---|---|---|---|',
    ...rows,
  ]
  writePart('keys', `${HEAD}\nSeen with ${seen}.\n\n${table.join('\n')}\n`)
}

function row(pair: RoutingPair, { asItIs, turnedRound, movedByOrder }: PairExchange): string {
  const { family, setting, preset, options, places, keys } = pair
  const theirs = setting === '' ? family.name : `${family.name} ${setting}`
  const ours = [`\`${preset}\``, ...Object.entries(options).map(([name, value]) => `\`${name}: ${show(value)}\``)]
  const servers = places.map(placeText).join(', ')
  const order = movedByOrder.length === 0 ? 'no' : 'yes'
  const found = isComplete(asItIs) && isComplete(turnedRound) ? 'all' : '**not all**'
  return `| ${[theirs, ours.join(', '), servers, keys, order, found].join(' | ')} |`
}

function isComplete(exchange: RoutingExchange): boolean {
  const { notStored, theyMissed, weMissed, missedAfterReconnect, movedByReconnect, holders, expected } = exchange
  const wrong = [notStored, theyMissed, weMissed, missedAfterReconnect, movedByReconnect].flat()
  return wrong.length === 0 && holders.join(' ') === expected.join(' ')
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function placeText({ kind, weight = 1, name }: Place): string {
  const text = { port: 'port', 'default port': '11211', ipv6: 'IPv6', socket: 'socket' }[kind]
  return `${text}${weight === 1 ? '' : ` ×${weight}`}${name === undefined ? '' : ` “${name}”`}`
}
