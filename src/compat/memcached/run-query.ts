import type { Item } from './items.ts'
import { failure, type Outcome } from './outcome.ts'
import { type AnyCallback, type KeySettings, problemOf, type Query, wireKey } from './query.ts'

/** Facts about its client that a command needs. */
export interface QueryHost extends KeySettings {
  readonly servers: readonly string[]
  readonly maxQueueSize: number
  activeQueries: number
}

/** Error of the package for a call beyond `maxQueueSize`. */
const OVER_LIMIT = 'over queue limit'

function isFull({ maxQueueSize, activeQueries }: QueryHost): boolean {
  return maxQueueSize > 0 && activeQueries >= maxQueueSize
}

/** Checks a command, which may call back at once, and carries it out. Its callback is called once, by itself. */
export function runQuery(host: QueryHost, query: Query, work: (item: Item) => Promise<Outcome>): void {
  if (isFull(host)) {
    query.callback?.call(host, OVER_LIMIT, null)
    return
  }
  const problem = problemOf(query, host)
  if (problem !== undefined) {
    query.callback?.(new Error(problem))
    return
  }
  const { key = '' } = query
  const item = itemOf(host, key)
  if (item.key !== key) query.command = query.command.replace(key, () => item.key)
  host.activeQueries++
  query.start = Date.now()
  void carryOut(work, item).then((outcome) => process.nextTick(finish, host, query, outcome))
}

/** Returns where a key is, namespace included. */
export function itemOf(host: QueryHost, key: string): Item {
  const at = wireKey(key, host)
  return { key: at, options: at === key || host.servers.length === 1 ? undefined : { routingKey: key } }
}

/** Carries out a command; it never rejects. */
async function carryOut(work: (item: Item) => Promise<Outcome>, item: Item): Promise<Outcome> {
  try {
    return await work(item)
  } catch (error) {
    return failure(error)
  }
}

/** Ends a command. An error that the callback throws reaches no other command. */
function finish(host: QueryHost, query: Query, { error, value }: Outcome): void {
  host.activeQueries--
  query.execution = Date.now() - (query.start ?? 0)
  query.callback?.(error, value)
}

/** Arguments of the callback of a call to several servers. */
export interface ManyOutcome {
  readonly error: unknown
  readonly value: unknown
}

/**
 * Runs a call that is more than one command.
 *
 * @param commands - How many it counts as.
 * @param ask - Begins the commands. Its promise never rejects.
 */
export async function runMany(
  host: QueryHost,
  commands: number,
  callback: AnyCallback | undefined,
  ask: () => Promise<ManyOutcome>,
): Promise<void> {
  if (isFull(host)) return callBack(callback, OVER_LIMIT, null)
  host.activeQueries += commands
  const { error, value } = await ask()
  process.nextTick(() => {
    host.activeQueries -= commands
    callBack(callback, error, value)
  })
}

/** Calls the callback of such a call: without a `this`. */
export function callBack(callback: AnyCallback | undefined, error: unknown, value: unknown): void {
  if (typeof callback === 'function') callback.call(undefined, error, value)
}
