export type { Account } from '../server/login.ts'
export { MemcachedServer } from '../server/memcached-server.ts'
export type { MemcachedServerOptions } from '../server/server-options.ts'
