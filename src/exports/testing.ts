export type { ServerDialect } from '../server/dialect.ts'
export type { Account } from '../server/login.ts'
export { MemcachedServer } from '../server/memcached-server.ts'
export type { MemcachedServerOptions } from '../server/server-options.ts'
export type { Direction } from '../testing/fault-link.ts'
export { FaultProxy, type FaultProxyOptions } from '../testing/fault-proxy.ts'
export type { Faults } from '../testing/faults.ts'
export type { MockCommand } from '../testing/mock-command.ts'
export { MockMemcache, type MockMemcacheOptions } from '../testing/mock-memcache.ts'
export type {
  MockDelayOptions,
  MockError,
  MockFailureOptions,
  MockRule,
  MockScope,
} from '../testing/mock-rule.ts'
export type { MockServerOptions } from '../testing/mock-servers.ts'
