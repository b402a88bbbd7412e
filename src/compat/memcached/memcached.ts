import { EventEmitter } from 'node:events'
import { Memcache } from '../../client/memcache.ts'
import type {
  MemcachedCacheDump,
  MemcachedCommand,
  MemcachedEventName,
  MemcachedIssue,
  MemcachedLocation,
  MemcachedOptions,
  MemcachedStats,
  MemcachedVersion,
} from './api.ts'

/** The client of the npm package `memcached`, over a `Memcache`. */
export class Memcached extends EventEmitter {
  /** Options of all clients, where they have none of their own. */
  static config: MemcachedOptions = {}
  /** The client that carries the commands. */
  readonly memlane: Memcache

  constructor(location?: MemcachedLocation, options?: MemcachedOptions) {
    super()
    Object.assign(this, Memcached.config, options)
    this.memlane = new Memcache(typeof location === 'string' ? location : undefined)
  }

  override on(event: MemcachedEventName, listener: (issue: MemcachedIssue) => void): this {
    return super.on(event, listener)
  }
}

/** The types of `Memcached`, by the names that the types of the package have. */
export declare namespace Memcached {
  /** What the events say of a server. */
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
  /** Options of the client. */
  type options = MemcachedOptions
}
