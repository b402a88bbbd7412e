import type { WatchEvent } from '../../keys/watch-line.ts'
import { showKeyText } from '../key-argument.ts'
import { escapeText } from '../terminal/escape.ts'
import type { Format, Style } from '../terminal/style.ts'

/** An event in words. */
interface EventWords {
  /** Name of the event: `get`, `set`, `evict`. */
  readonly name: string
  /** Outcome: `hit`, `miss`, `stored`. */
  readonly status: string
  readonly format: Format | undefined
  /** Further facts. */
  readonly facts: readonly string[]
}

const NAME_COLUMNS = 8
const STATUS_COLUMNS = 10

/** Returns an event as a line: time, what happened, how it went, key, facts. */
export function eventLine(event: WatchEvent, style: Style): string {
  const { name, status, format, facts } = wordsOf(event)
  const front = `${name.padEnd(NAME_COLUMNS)}${status.padEnd(STATUS_COLUMNS)}`
  const key = event.key === undefined ? [] : [showKeyText(event.key)]
  const line = [style('dim', timeOf(event.at)), format === undefined ? front : style(format, front), ...key]
  return [...line, ...(facts.length > 0 ? [style('dim', facts.map((fact) => escapeText(fact)).join(' '))] : [])].join(
    '  ',
  )
}

function wordsOf({ type, fields }: WatchEvent): EventWords {
  const { status = '', cmd = '', ttl, size, rip, rport, reason } = fields
  const bytes = size === undefined ? [] : [`${size}B`]
  switch (type) {
    case 'item_get': {
      const isHit = status === 'found'
      return {
        name: 'get',
        status: isHit ? 'hit' : 'miss',
        format: isHit ? 'green' : 'yellow',
        facts: isHit ? bytes : [],
      }
    }
    case 'item_store':
      return {
        name: escapeText(cmd),
        status: escapeText(status),
        format: status === 'stored' ? 'cyan' : 'yellow',
        facts: [...bytes, showTtl(ttl)],
      }
    case 'deleted':
      return { name: 'delete', status: '', format: 'magenta', facts: bytes }
    case 'eviction':
      return {
        name: 'evict',
        status: fields['fetch'] === 'yes' ? 'read' : 'unread',
        format: 'red',
        facts: [...bytes, showTtl(ttl), `idle ${fields['la'] ?? '?'}s`],
      }
    case 'conn_new':
      return { name: 'connect', status: '', format: undefined, facts: [`${rip ?? '?'}:${rport ?? '?'}`] }
    case 'conn_close':
      return {
        name: 'close',
        status: escapeText(reason ?? ''),
        format: undefined,
        facts: [`${rip ?? '?'}:${rport ?? '?'}`],
      }
    case 'skipped':
      return {
        name: 'skipped',
        status: '',
        format: 'red',
        facts: [`${fields['count'] ?? '?'} events left out: read too slowly`],
      }
    default:
      return {
        name: escapeText(type),
        status: '',
        format: undefined,
        facts: Object.entries(fields).map(([name, value]) => `${name}=${value}`),
      }
  }
}

/** Time to live as it was given: 0 where the item never expires, and -1 in evictions. */
function showTtl(ttl: string | undefined): string {
  return ttl === '0' || ttl === '-1' ? 'no ttl' : `ttl ${ttl ?? '?'}`
}

/** Time of day of this machine, in milliseconds. */
function timeOf(at: number): string {
  if (Number.isNaN(at)) return '            '
  const date = new Date(at)
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
