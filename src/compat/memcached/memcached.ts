import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { Memcache } from '../../client/memcache.ts'
import { ignore } from '../../ignore.ts'
import type {
  MemcachedAny,
  MemcachedCacheDump,
  MemcachedCallback,
  MemcachedCommand,
  MemcachedEventName,
  MemcachedHashRing,
  MemcachedIssue,
  MemcachedLocation,
  MemcachedManyCallback,
  MemcachedOptions,
  MemcachedServerIssues,
  MemcachedServersCallback,
  MemcachedStats,
  MemcachedVersion,
} from './api.ts'
import { clientOptions, DEFAULTS, joinOptions } from './config.ts'
import { IssueLog } from './issue-log.ts'
import { countItem, type Item, readMany, readWithCas, type StoreType, storeItem, touchItem } from './items.ts'
import { errorFor, success } from './outcome.ts'
import {
  type AnyCallback,
  COUNT_RULES,
  DUMP_RULES,
  KEY_RULES,
  keyProblem,
  type Query,
  STORE_RULES,
  TOUCH_RULES,
} from './query.ts'
import { ringOf } from './ring.ts'
import { callBack, itemOf, type ManyOutcome, runMany, runQuery } from './run-query.ts'
import { dumpOf, groupedStatsOf, statsOf, versionOf } from './server-answers.ts'
import { addressesOf, serverName, serversOf } from './servers.ts'
import { storedForm } from './stored-form.ts'

/**
 * The client of the npm package `memcached` 2.2, over a {@link Memcache}: the same calls, answers, values and servers.
 * Differences when servers fail: each callback is called once, within `timeout`; a server that is down costs an error at once.
 *
 * @example
 * ```js
 * const Memcached = require('memlane/compat/memcached') // was: require('memcached')
 * const memcached = new Memcached('localhost:11211')
 * memcached.get('user:1', (err, user) => {})
 * ```
 */
export class Memcached extends EventEmitter {
  /** Options of all clients that are made later, where they have none of their own. */
  static config: MemcachedOptions = { ...DEFAULTS }

  /**
   * The client behind the calls, for new code. This client puts no namespace in front of keys: `memlane.namespace(namespace)`
   * does.
   */
  readonly memlane: Memcache
  /** The servers, as they were given. */
  readonly servers: string[]
  /** Number of commands that have no answer yet. */
  activeQueries: number
  /** The servers that fail at this moment, by name. */
  readonly issues: Record<string, MemcachedServerIssues>
  /** Has nothing in it: `memlane.servers` shows the servers. */
  readonly connections: Record<string, never>
  /** Says which server has a key, namespace included. */
  readonly HashRing: MemcachedHashRing
  /** Option of the same name. */
  declare maxKeySize: number
  /** Option of the same name. */
  declare keyCompression: boolean
  /** Option of the same name. */
  declare maxValue: number
  /** Option of the same name. */
  declare maxQueueSize: number
  /** Option of the same name. */
  declare namespace: string

  /**
   * @param location - One server, several, or weights by server; `localhost:11211` when left out.
   * @param options - Those that it does not know become properties of the client.
   */
  constructor(location?: MemcachedLocation, options?: MemcachedOptions) {
    super()
    const joined = joinOptions(DEFAULTS, Memcached.config, options)
    Object.assign(this, joined)
    const addresses = addressesOf(location)
    const log = new IssueLog(joined, (event, issue) => this.emit(event, issue))
    this.servers = serversOf(location)
    this.activeQueries = 0
    this.issues = log.issues
    this.connections = {}
    this.memlane = new Memcache(addresses, clientOptions(joined, ringOf(location, joined), log.observing))
    this.HashRing = { get: (key) => this.memlane.serverFor('key', { routingKey: key })?.name }
  }

  /** Renews the time to live of an item. The callback gets whether there was one. */
  touch(key: string, lifetime: number, cb: MemcachedCallback<boolean>): void {
    const query = this.#query(key, cb, {
      lifetime,
      validate: TOUCH_RULES,
      type: 'touch',
      command: `touch ${this.namespace}${key} ${lifetime}`,
    })
    runQuery(this, query, (item) => touchItem(this.memlane, item, lifetime))
  }

  /** Reads a value; a miss gives `undefined`. With a list of keys it is {@link Memcached.getMulti}. */
  get(keys: string[], cb: MemcachedManyCallback): void
  get(key: string, cb: MemcachedCallback<MemcachedAny>): void
  get(key: string | string[], cb: AnyCallback): void {
    if (Array.isArray(key)) return this.getMulti(key, cb)
    const command = `get ${this.namespace}${key}`
    const query = this.#query(key, cb, { validate: KEY_RULES, type: 'get', command })
    runQuery(this, query, ({ key: at, options }) => this.memlane.get(at, options).then(success))
  }

  /** Reads a value and its cas number: `{ [key]: value, cas }`, with the namespace in the key; a miss gives `undefined`. */
  gets(key: string, cb: MemcachedCallback<{ [key: string]: MemcachedAny; cas: string }>): void {
    const command = `gets ${this.namespace}${key}`
    const query = this.#query(key, cb, { validate: KEY_RULES, type: 'gets', command })
    runQuery(this, query, (item) => readWithCas(this.memlane, item))
  }

  /** Reads several values: an object of hits by key. The error is a list, with one for each server that failed. */
  getMulti(keys: string[], cb: MemcachedManyCallback): void {
    const whole = keys.map((key) => `${this.namespace}${key}`)
    const problem = whole.map((key) => keyProblem(key, this)).findLast((text) => text !== undefined)
    if (problem !== undefined) return callBack(cb, [new Error(problem)], {})
    const items = whole.map((key) => itemOf(this, key))
    void runMany(this, 1, cb, () => readByKey(this.memlane, items, this.namespace))
  }

  /** Stores a value: a Buffer, text, a number, or anything that JSON has text for. */
  set(key: string, value: MemcachedAny, lifetime: number, cb: MemcachedCallback<boolean>): false | undefined {
    return this.#store('set', key, value, lifetime, cb)
  }

  /** Stores a value in the place of another. Where there is none, the callback gets an error with `notStored`. */
  replace(key: string, value: MemcachedAny, lifetime: number, cb: MemcachedCallback<boolean>): false | undefined {
    return this.#store('replace', key, value, lifetime, cb)
  }

  /** Stores a value where there is none. Where there is one, the callback gets an error with `notStored`. */
  add(key: string, value: MemcachedAny, lifetime: number, cb: MemcachedCallback<boolean>): false | undefined {
    return this.#store('add', key, value, lifetime, cb)
  }

  /** Stores a value if the item still has the cas number of `gets`. The callback gets whether it had. */
  cas(
    key: string,
    value: MemcachedAny,
    cas: string,
    lifetime: number,
    cb: MemcachedCallback<boolean>,
  ): false | undefined {
    return this.#store('cas', key, value, lifetime, cb, cas)
  }

  /** Puts text behind the value of an item. Where there is none, the callback gets an error with `notStored`. */
  append(key: string, value: MemcachedAny, cb: MemcachedCallback<boolean>): false | undefined {
    return this.#store('append', key, value, 0, cb)
  }

  /** Puts text in front of the value of an item. Where there is none, the callback gets an error with `notStored`. */
  prepend(key: string, value: MemcachedAny, cb: MemcachedCallback<boolean>): false | undefined {
    return this.#store('prepend', key, value, 0, cb)
  }

  /** Adds to a number. The callback gets the sum; `false` where there is no item. */
  incr(key: string, amount: number, cb: MemcachedCallback<boolean | number>): void {
    this.#count('incr', key, amount, cb)
  }

  /** The same as {@link Memcached.incr}. */
  increment(key: string, amount: number, cb: MemcachedCallback<boolean | number>): void {
    this.#count('incr', key, amount, cb)
  }

  /** Takes from a number, which stays at 0 at the least. The callback gets the rest; `false` where there is no item. */
  decr(key: string, amount: number, cb: MemcachedCallback<boolean | number>): void {
    this.#count('decr', key, amount, cb)
  }

  /** The same as {@link Memcached.decr}. */
  decrement(key: string, amount: number, cb: MemcachedCallback<boolean | number>): void {
    this.#count('decr', key, amount, cb)
  }

  /** Removes an item. The callback gets whether there was one. */
  del(key: string, cb: MemcachedCallback<boolean>): void {
    const command = `delete ${this.namespace}${key}`
    const query = this.#query(key, cb, { validate: KEY_RULES, type: 'delete', redundancyEnabled: true, command })
    runQuery(this, query, ({ key: at, options }) => this.memlane.delete(at, options).then(success))
  }

  /** The same as {@link Memcached.del}. */
  delete(key: string, cb: MemcachedCallback<boolean>): void {
    this.del(key, cb)
  }

  /** Asks all servers for their version. */
  version(cb: MemcachedServersCallback<MemcachedVersion>): void {
    this.#askAll(cb, async (server) => versionOf(server, (await this.memlane.version({ server })).get(server) ?? ''))
  }

  /** Asks all servers for their settings. */
  settings(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.#askAll(cb, async (server) => statsOf(server, await this.#lines(server, 'stats settings')))
  }

  /** The same as {@link Memcached.settings}. */
  statsSettings(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.settings(cb)
  }

  /** Asks all servers for their statistics. */
  stats(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.#askAll(cb, async (server) => statsOf(server, await this.#lines(server, 'stats')))
  }

  /** Asks all servers for the statistics of their slab classes. */
  slabs(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.#askAll(cb, async (server) => groupedStatsOf(server, await this.#lines(server, 'stats slabs'), 0))
  }

  /** The same as {@link Memcached.slabs}. */
  statsSlabs(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.slabs(cb)
  }

  /** Asks all servers for the statistics of the items in their slab classes. */
  items(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.#askAll(cb, async (server) => groupedStatsOf(server, await this.#lines(server, 'stats items'), 1))
  }

  /** The same as {@link Memcached.items}. */
  statsItems(cb: MemcachedServersCallback<MemcachedStats>): void {
    this.items(cb)
  }

  /** Asks a server, the first where none is named, for items of a slab class: a list, the only item itself, or `undefined`. */
  cachedump(
    server: string,
    slabid: number,
    number: number,
    cb: (err: MemcachedAny, cachedump: MemcachedCacheDump | MemcachedCacheDump[]) => void,
  ): void {
    const command = `stats cachedump ${slabid} ${number}`
    const query: Query = { callback: cb, number, slabid, validate: DUMP_RULES, type: 'stats cachedump', command }
    const at = serverName(server || String(this.servers[0]))
    runQuery(this, query, async () => success(dumpOf(await this.#lines(at, command))))
  }

  /** Makes all servers forget everything they hold. */
  flush(cb: MemcachedServersCallback<boolean>): void {
    this.#askAll(cb, (server) => this.memlane.flushAll({ server }))
  }

  /** The same as {@link Memcached.flush}. */
  flushAll(cb: MemcachedServersCallback<boolean>): void {
    this.flush(cb)
  }

  /** Calls a function for each event of a name. */
  override on(event: MemcachedEventName, cb: (issue: MemcachedIssue) => void): this {
    return super.on(event, cb)
  }

  /** Closes the connections behind their pending answers. A later command connects again. */
  end(): void {
    void this.memlane.disconnect().catch(ignore)
  }

  #query(key: string, callback: AnyCallback, rest: Omit<Query, 'key' | 'callback'>): Query {
    return { key: `${this.namespace}${key}`, callback, ...rest }
  }

  #store(
    type: StoreType,
    key: string,
    value: unknown,
    lifetime: number,
    callback: AnyCallback,
    cas?: string,
  ): false | undefined {
    const form = storedForm(value)
    const length = Buffer.byteLength(form.data)
    if (length > this.maxValue) return this.#refuseLarge(callback)
    const line = [type, `${this.namespace}${key}`, form.clientFlags, lifetime, length, ...(cas ? [cas] : [])].join(' ')
    const query = this.#query(key, callback, {
      lifetime,
      value: form.data,
      cas,
      validate: STORE_RULES,
      type,
      redundancyEnabled: false,
      command: `${line}\r\n${form.data}`,
    })
    runQuery(this, query, (item) => storeItem(this.memlane, type, item, { form, lifetime, cas }))
    return undefined
  }

  #refuseLarge(callback: AnyCallback | undefined): false {
    callback?.call(this, new Error(`The length of the value is greater than ${this.maxValue}`), false)
    return false
  }

  #count(type: 'incr' | 'decr', key: string, amount: number, callback: AnyCallback): void {
    const query = this.#query(key, callback, {
      value: amount,
      validate: COUNT_RULES,
      type,
      redundancyEnabled: true,
      command: `${type} ${this.namespace}${key} ${amount}`,
    })
    runQuery(this, query, (item) => countItem(this.memlane, type, item, amount))
  }

  /** Gives the callback the answers of all servers, in their order, and the last error. */
  #askAll(callback: AnyCallback | undefined, ask: (server: string) => Promise<unknown>): void {
    const names = this.memlane.servers.map(({ name }) => name)
    void runMany(this, names.length, callback, () => askEach(names, ask))
  }

  /** Asks a server for lines that end with `END`. */
  #lines(server: string, line: string): Promise<Buffer> {
    return this.memlane.rawCommand(line, { server, endToken: 'END\r\n' })
  }
}

/** Reads items. Returns the hits by their key on the server, without the namespace. */
async function readByKey(cache: Memcache, items: readonly Item[], namespace: string): Promise<ManyOutcome> {
  const { errors, found } = await readMany(cache, items)
  const entries = [...found].map(([key, value]) => [key.replace(namespace, ''), value] as const)
  return { error: errors, value: Object.fromEntries(entries) }
}

async function askEach(names: readonly string[], ask: (server: string) => Promise<unknown>): Promise<ManyOutcome> {
  const outcomes = await Promise.allSettled(names.map(ask))
  const answers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [errorFor(outcome.reason)] : []))
  return { error: errors.at(-1), value: answers }
}

/** The types of `Memcached`, by the names that the types of the package have. */
export declare namespace Memcached {
  /** Details about a server, as events give them. */
  type IssueData = MemcachedIssue
  /** A command: `this` of its callback. */
  type CommandData = MemcachedCommand
  /** Statistics of one server. */
  type StatusData = MemcachedStats
  /** Version of one server. */
  type VersionData = MemcachedVersion
  /** An item in a dump of a slab class. */
  type CacheDumpData = MemcachedCacheDump
  /** Names of the events of a client. */
  type EventNames = MemcachedEventName
  /** Servers. */
  type Location = MemcachedLocation
  /** Options of a client. */
  type options = MemcachedOptions
}
