import { formatCount, formatDuration, formatPercent, formatRate, plural } from '../format.ts'
import { type Rule, shareOf, type Verdict, verdict } from './rule.ts'
import type { ServerFacts } from './server-facts.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** Rules about connections, commands and answers. */
export const SERVICE_RULES: readonly Rule[] = [
  {
    name: 'connections',
    fields: ['curr_connections', 'max_connections'],
    fix: 'Raise -c, or look for clients that open more connections than they need: stats conns lists them',
    judge: (facts) => {
      const open = facts.count('curr_connections')
      const max = facts.count('max_connections')
      return verdict(shareOf(open, max) > 0.8, 'warning', () => `${open} of ${max} connections are open`)
    },
  },
  {
    name: 'connection-limit',
    fields: ['rejected_connections', 'listen_disabled_num', 'time_in_listen_disabled_us'],
    fix: 'Raise -c, and the limit of open files of the process',
    judge: (facts) => {
      const total = facts.count('rejected_connections') + facts.count('listen_disabled_num')
      const now = facts.grown('rejected_connections') + facts.grown('listen_disabled_num')
      return verdict(total > 0, now > 0 ? 'bad' : 'warning', () => {
        return `the limit of connections was hit ${plural(total, 'time')} since the start${now > 0 ? ', and it goes on' : ''}`
      })
    },
  },
  {
    name: 'churn',
    fields: ['total_connections'],
    fix: 'Make clients once and keep them: each connection costs several round trips',
    judge: (facts) => {
      const rate = facts.perMinute('total_connections') / 60
      return verdict(
        rate > 10 && facts.grown('total_connections') >= 20,
        'warning',
        () => `${formatRate(rate)} connections a second are made`,
      )
    },
  },
  {
    name: 'yields',
    fields: ['conn_yields', 'cmd_get', 'reqs_per_event'],
    fix: 'Raise -R, or send smaller batches; large ones make other connections wait',
    judge: (facts) => {
      const gets = facts.count('cmd_get')
      const share = shareOf(facts.count('conn_yields'), gets)
      return verdict(gets >= 1000 && share > 0.01, 'info', () => {
        return `connections had to wait after ${String(facts.setting('reqs_per_event') ?? 'many')} commands ${formatCount(facts.count('conn_yields'))} times`
      })
    },
  },
  {
    name: 'cas-contention',
    fields: ['cas_hits', 'cas_badval'],
    fix: 'Use incr for counters, and getOrSet or update where several write one key',
    judge: (facts) => {
      const lost = facts.count('cas_badval')
      const share = shareOf(lost, lost + facts.count('cas_hits'))
      return verdict(
        lost > 100 && share > 0.1,
        'warning',
        () => `${formatPercent(share)} % of the cas commands came too late`,
      )
    },
  },
  {
    name: 'flushes',
    fields: ['cmd_flush', 'uptime'],
    fix: 'Look for a client whose clear() empties the whole server; start it with -F to refuse flush_all',
    judge: (facts) => {
      const flushes = facts.count('cmd_flush')
      const days = Math.max(1, facts.count('uptime') / DAY)
      return verdict(flushes / days > 1, 'warning', () => {
        return `flush_all came ${plural(flushes, 'time')} in ${formatDuration(facts.count('uptime') * 1000)}`
      })
    },
  },
  {
    name: 'auth-failures',
    fields: ['auth_cmds', 'auth_errors'],
    fix: 'Look for a client with an old password, or for a scan: watch connevents shows addresses',
    judge: (facts) => {
      const failures = facts.count('auth_errors')
      return verdict(failures > 0, facts.grown('auth_errors') > 0 ? 'warning' : 'info', () => {
        return `${plural(failures, 'login')} failed since the start`
      })
    },
  },
  {
    name: 'idle-connections',
    fields: ['curr_connections', 'idle_timeout'],
    fix: 'Start it with -o idle_timeout=, or close clients that are no longer used',
    judge: (facts) => {
      const idle = facts.silentConnections(HOUR)
      return verdict(idle > 100, 'info', () => `${plural(idle, 'connection')} had no command for more than an hour`)
    },
  },
  {
    name: 'slow-answers',
    fields: ['rusage_user', 'rusage_system'],
    fix: 'Look for swapping, a busy CPU, or a busy network; memlane top shows round trips as they change',
    judge: judgePings,
  },
  {
    name: 'clock',
    fields: ['time'],
    fix: 'Set the clocks by NTP: times to live beyond 30 days are sent as points in time',
    judge: ({ clockAhead }) =>
      verdict(Math.abs(clockAhead) > 2, 'warning', () => {
        const side = clockAhead > 0 ? 'ahead of' : 'behind'
        return `its clock is ${formatDuration(Math.abs(clockAhead) * 1000)} ${side} the one here`
      }),
  },
]

/** The slowest of 100 answers may take 20 times as long as the middle one; below 10 ms it does not matter. */
function judgePings({ pings }: ServerFacts): Verdict | undefined {
  if (pings.length < 20) return undefined
  const sorted = pings.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]!
  const slow = sorted[Math.floor(sorted.length * 0.99)] ?? sorted.at(-1)!
  return verdict(slow > 20 * middle && slow > 10, 'warning', () => {
    return `one answer of 100 takes ${formatDuration(slow)}, half of them less than ${formatDuration(middle)}`
  })
}
