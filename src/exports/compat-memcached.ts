export type {
  MemcachedAny,
  MemcachedArgumentType,
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
} from '../compat/memcached/api.ts'
// `require()` of this module gives the class itself.
export { Memcached as default, Memcached as 'module.exports' } from '../compat/memcached/memcached.ts'
