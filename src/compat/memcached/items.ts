import type { KeyOptions } from '../../client/call-options.ts'
import { accessOf } from '../../client/client-access.ts'
import type { Memcache } from '../../client/memcache.ts'
import { BatchError, MemcacheError } from '../../errors.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { deleteUnchanged } from '../../protocol/placeholder.ts'
import { ttlOf } from './lifetime.ts'
import { errorFor, type Outcome, refusal, stored, success } from './outcome.ts'
import { STORED_SERDE, type StoredForm } from './stored-form.ts'

/** An item on a server. */
export interface Item {
  readonly key: string
  /** Of a long key: the server is that of the key itself, not that of its md5. */
  readonly options: KeyOptions | undefined
}

/** Names of the commands that store a value. */
export type StoreType = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'

/** Arguments of a store besides the item. */
export interface StoreInput {
  readonly form: StoredForm
  readonly lifetime: unknown
  readonly cas: string | undefined
}

/** Largest cas number and largest delta that servers know. */
const MAX_UINT64 = 2n ** 64n - 1n

/** Answer of the server to a cas number that is none. */
const BAD_LINE = 'bad command line format'

/** Stores a value. */
export async function storeItem(cache: Memcache, type: StoreType, item: Item, input: StoreInput): Promise<Outcome> {
  const ttl = ttlOf(Number(input.lifetime))
  if (ttl === undefined) return expireItem(cache, type, item, input)
  const options = { ...item.options, ttl, serde: STORED_SERDE }
  switch (type) {
    case 'set':
    case 'add':
    case 'replace':
      return stored(await cache[type](item.key, input.form, options))
    case 'append':
    case 'prepend':
      return stored(await cache[type](item.key, input.form.data, item.options))
    case 'cas':
      return swapItem(input.cas, async (cas) => cache.cas(item.key, input.form, cas, options))
  }
}

async function swapItem(cas: string | undefined, swap: (cas: bigint) => Promise<string>): Promise<Outcome> {
  // Without one, the package sends a line that the server does not know.
  if (!cas) return refusal('Received an ERROR response')
  if (!/^\d+$/.test(cas) || BigInt(cas) > MAX_UINT64) return refusal(BAD_LINE)
  return success((await swap(BigInt(cas))) === 'stored')
}

/** Does what the server does with a value that has expired when it comes: the answers are the same, and nothing is left. */
async function expireItem(cache: Memcache, type: StoreType, item: Item, { cas }: StoreInput): Promise<Outcome> {
  switch (type) {
    case 'set':
      await cache.delete(item.key, item.options)
      return stored(true)
    case 'add':
      return stored(!(await cache.has(item.key, item.options)))
    case 'replace':
    case 'append':
    case 'prepend':
      return stored(await cache.delete(item.key, item.options))
    case 'cas':
      return swapItem(cas, (number) => removeUnchanged(cache, item, number))
  }
}

/** Removes an item that still has a cas number: a removal by key could take what another caller has stored meanwhile. */
function removeUnchanged(cache: Memcache, { key, options }: Item, cas: bigint): Promise<string> {
  const { dispatcher } = accessOf(cache)!.parts
  return dispatcher.run<string>(deleteUnchanged(cas, 'cas'), key, readSwap, 'never', undefined, options)
}

/** In meta mode the item is deleted, in text mode a value that has expired is stored. */
const readSwap: Interpret = ({ outcome }) => (outcome === 'deleted' ? 'stored' : outcome)

/** Renews the time to live of an item. */
export async function touchItem(cache: Memcache, { key, options }: Item, lifetime: unknown): Promise<Outcome> {
  const ttl = ttlOf(Number(lifetime))
  return success(await (ttl === undefined ? cache.delete(key, options) : cache.touch(key, ttl, options)))
}

/** Adds to a number, or takes from it. A number beyond 2⁵³ loses digits, as in the package. */
export async function countItem(
  cache: Memcache,
  type: 'incr' | 'decr',
  { key, options }: Item,
  amount: unknown,
): Promise<Outcome> {
  const delta = Number(amount)
  const isDelta = Number.isInteger(delta) && delta >= 0 && BigInt(delta) <= MAX_UINT64
  if (!isDelta) return refusal('invalid numeric delta argument')
  const value = await cache[type](key, BigInt(delta), options)
  return success(value === undefined ? false : Number(value))
}

/** Reads a value and its cas number, under the key that it has on the server. */
export async function readWithCas(cache: Memcache, { key, options }: Item): Promise<Outcome> {
  const found = await cache.gets(key, options)
  return success(found === undefined ? undefined : { [key]: found.value, cas: String(found.cas) })
}

/** Outcome of reading many items. */
export interface Findings {
  /** One error for each server that failed; undefined: none did. */
  readonly errors: Error[] | undefined
  /** Values by the key on the server. */
  readonly found: Map<string, unknown>
}

/** Reads many items: those with a server of their own one by one. */
export async function readMany(cache: Memcache, items: readonly Item[]): Promise<Findings> {
  const found = new Map<string, unknown>()
  const errors = new Map<string, Error>()
  const fail = (reason: unknown): void => noteFailure(errors, reason)
  // The server passes over an empty key.
  const plain = items.filter(({ key, options }) => options === undefined && key !== '').map(({ key }) => key)
  const single = items.filter(({ options }) => options !== undefined)
  await Promise.all([
    readPlain(cache, plain, found).catch(fail),
    ...single.map((item) => readSingle(cache, item, found).catch(fail)),
  ])
  return { errors: errors.size === 0 ? undefined : [...errors.values()], found }
}

async function readPlain(cache: Memcache, keys: readonly string[], found: Map<string, unknown>): Promise<void> {
  try {
    for (const [key, value] of await cache.getMany(keys)) found.set(key, value)
  } catch (error) {
    if (error instanceof BatchError) for (const [key, value] of error.found) found.set(String(key), value)
    throw error
  }
}

async function readSingle(cache: Memcache, { key, options }: Item, found: Map<string, unknown>): Promise<void> {
  const value = await cache.get(key, options)
  if (value !== undefined) found.set(key, value)
}

/** Notes one error for each server. */
function noteFailure(errors: Map<string, Error>, reason: unknown): void {
  const reasons = reason instanceof BatchError ? [...reason.failed.values()] : [reason]
  for (const one of reasons) {
    const error = errorFor(one)
    const about = (one instanceof MemcacheError ? one.server : undefined) ?? error.message
    if (!errors.has(about)) errors.set(about, error)
  }
}
