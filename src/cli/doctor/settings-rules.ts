import { type Rule, verdict } from './rule.ts'
import type { ServerFacts } from './server-facts.ts'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** First memcached with a meta protocol that memlane speaks. */
const META = [1, 6, 10] as const

/** Rules about settings and versions. */
export const SETTINGS_RULES: readonly Rule[] = [
  {
    name: 'exposed',
    fields: ['inter', 'auth_enabled_ascii', 'auth_enabled_sasl'],
    fix: 'Listen on a private address (-l), or ask for a login (-Y), and let no other network in',
    judge: ({ settings }) => {
      const { inter, domain_socket: socket, auth_enabled_ascii: ascii, auth_enabled_sasl: sasl } = settings
      if (inter === undefined || (socket !== undefined && socket !== 'NULL' && socket !== '')) return undefined
      const names = String(inter).split(',')
      const isLocal = names.every((name) => LOOPBACK.has(name.replace(/:\d+$/, '')))
      return verdict(!isLocal && !isOn(ascii) && !isOn(sasl), 'warning', () => {
        return `it listens on ${inter === 'NULL' || inter === '' ? 'all addresses' : String(inter)} and asks for no login`
      })
    },
  },
  {
    name: 'udp',
    fields: ['udpport'],
    fix: 'Start it with -U 0: UDP answers go to forged addresses',
    judge: ({ settings }) =>
      verdict(
        Number(settings['udpport'] ?? 0) > 0,
        'bad',
        () => `it answers UDP on port ${String(settings['udpport'])}`,
      ),
  },
  {
    name: 'maintainer-off',
    fields: ['lru_maintainer_thread', 'lru_crawler'],
    fix: 'Start it without -o no_lru_maintainer and no_lru_crawler',
    judge: ({ settings }) => {
      const off = ['lru_maintainer_thread', 'lru_crawler'].filter((name) => settings[name] === false)
      return verdict(off.length > 0, 'warning', () => `${off.join(' and ')} off: expired items keep their memory`)
    },
  },
  {
    name: 'threads',
    fields: ['num_threads', 'threads'],
    fix: 'Start it with -t 8 or fewer, unless a measurement says otherwise',
    judge: ({ settings }) => {
      const threads = Number(settings['num_threads'] ?? 0)
      return verdict(threads > 8, 'info', () => `it has ${threads} threads; more than 8 rarely help`)
    },
  },
  {
    name: 'old-version',
    fields: ['version'],
    fix: 'Upgrade memcached: the meta protocol needs 1.6.10',
    judge: (facts) =>
      verdict(isOld(facts), 'warning', () => `memcached ${String(facts.stats['version'])} has no meta protocol`),
  },
]

function isOn(setting: unknown): boolean {
  return setting === true || setting === 1
}

function isOld({ stats }: ServerFacts): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/
    .exec(String(stats['version'] ?? ''))
    ?.slice(1)
    .map(Number)
  if (parts === undefined) return false
  const at = parts.findIndex((part, index) => part !== META[index])
  return at >= 0 && parts[at]! < META[at]!
}
