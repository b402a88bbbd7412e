import type { Memcache } from '../../client/memcache.ts'
import { listKeys } from '../../keys/list-keys.ts'
import type { Key } from '../../protocol/key.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { formatPercent, plural } from '../format.ts'
import { readServers } from '../server-list.ts'
import { renderTable } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'

/** `memlane plan` */
export const plan: Command = defineCommand({
  name: 'plan',
  summary: 'Print which keys move when the list of servers changes',
  description: [
    'Counts made-up keys, or with --live the keys that the servers have. A key that moves is a miss until it is stored anew.',
  ],
  arguments: {},
  options: {
    add: { type: 'server', repeat: true, placeholder: 'address', help: 'a server that comes' },
    remove: { type: 'server', repeat: true, placeholder: 'address', help: 'a server that goes, by its address' },
    to: { type: 'server', repeat: true, placeholder: 'address', help: 'the whole new list, instead' },
    keys: { type: 'count', default: 100_000, min: 1, max: 10_000_000, placeholder: 'number', help: 'made-up keys' },
    live: { type: 'boolean', help: 'take the keys that the servers have' },
  },
  shared: 'client',
  exitCodes: { [EXIT.negative]: 'with --live: there are no keys' },
  examples: [
    { line: 'memlane plan -s a -s b -s c --add d', help: 'what moves when d comes' },
    { line: 'memlane plan -s a,b,c --remove b --distribution modula', help: 'why modula is not for lists that change' },
    { line: 'memlane plan -s a,b --to b,a --live', help: 'what another order does to the keys that are there' },
  ],
  async run(context, { options }) {
    const { clients, json, out } = context
    const after = await clients.memcache(newList(clients.servers, options))
    const before = await clients.memcache()
    const moves = new Moves()
    for await (const key of options.live ? liveKeys(before, context) : madeUpKeys(options.keys)) {
      moves.count(before.serverFor(key)!.name, after.serverFor(key)!.name)
    }
    if (moves.isEmpty) throw new Failure('there are no keys on the servers', EXIT.negative)
    if (json) out.json(moves.facts(before, after))
    else moves.write(context, before, after)
  },
})

interface PlanOptions {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly to: readonly string[]
}

function newList(old: readonly string[], { add, remove, to }: PlanOptions): readonly string[] {
  if (to.length > 0 && add.length + remove.length > 0) throw new UsageError('give --to, or --add and --remove')
  if (to.length > 0) return readServers(to, {})
  if (add.length + remove.length === 0) throw new UsageError('say what changes: --add, --remove or --to')
  const gone = remove.length > 0 ? readServers(remove, {}).map(nameOf) : []
  for (const name of gone) {
    if (!old.some((spec) => nameOf(spec) === name))
      throw new UsageError(`--remove ${name}: it is not in the list of servers`)
  }
  const kept = old.filter((spec) => !gone.includes(nameOf(spec)))
  const list = [...kept, ...(add.length > 0 ? readServers(add, {}) : [])]
  if (list.length > 0) return list
  throw new UsageError('the new list of servers is empty')
}

/** Address without its port where that is 11211. */
function nameOf(spec: string): string {
  return spec.replace(/:11211$/, '')
}

function* madeUpKeys(count: number): Generator<Key> {
  for (let number = 0; number < count; number++) yield `key:${number}`
}

async function* liveKeys(client: Memcache, { signal }: Context): AsyncGenerator<Key> {
  for await (const { key } of listKeys(client, { signal })) yield key
}

/** Keys by their servers before and after. */
class Moves {
  #total = 0
  #moved = 0
  readonly #pairs: Map<string, Map<string, number>> = new Map()

  get isEmpty(): boolean {
    return this.#total === 0
  }

  count(from: string, to: string): void {
    this.#total++
    if (from !== to) this.#moved++
    const row = this.#pairs.get(from) ?? new Map<string, number>()
    this.#pairs.set(from, row.set(to, (row.get(to) ?? 0) + 1))
  }

  /** Keys that one server has afterwards. */
  #after(server: string): number {
    return [...this.#pairs.values()].reduce((sum, row) => sum + (row.get(server) ?? 0), 0)
  }

  #before(server: string): number {
    return [...(this.#pairs.get(server)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }

  facts(before: Memcache, after: Memcache): object {
    const moves = [...this.#pairs].flatMap(([from, row]) =>
      [...row].filter(([to]) => to !== from).map(([to, keys]) => ({ from, to, keys })),
    )
    const servers = namesOf(before, after).map((server) => ({
      server,
      before: this.#before(server),
      after: this.#after(server),
    }))
    return { keys: this.#total, moved: this.#moved, servers, moves }
  }

  /** Writes a row for each server of both lists. */
  write({ out, err, style }: Context, before: Memcache, after: Memcache): void {
    const share = (count: number): string => `${formatPercent(count / this.#total)} %`
    const rows = namesOf(before, after).map((server) => {
      const [had, has, stayed] = [this.#before(server), this.#after(server), this.#pairs.get(server)?.get(server) ?? 0]
      return [server, share(had), share(has), share(had - stayed), share(has - stayed)]
    })
    const layout = { width: out.isTerminal ? out.columns : Number.POSITIVE_INFINITY, style }
    for (const line of renderTable(COLUMNS, rows, layout)) out.line(line)
    err.line(`${share(this.#moved)} of ${plural(this.#total, 'key')} would move`)
  }
}

const COLUMNS = [
  { heading: 'SERVER', shrinks: true },
  { heading: 'BEFORE', align: 'right' },
  { heading: 'AFTER', align: 'right' },
  { heading: 'LOSES', align: 'right' },
  { heading: 'GAINS', align: 'right' },
] as const

function namesOf(...clients: readonly Memcache[]): string[] {
  return [...new Set(clients.flatMap(({ servers }) => servers.map(({ name }) => name)))]
}
