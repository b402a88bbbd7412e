import { test } from '@japa/runner'
import { registerCacheDriverTestSuite } from 'bentocache/test_suite'
import memlaneDriver from '../../../dist/bentocache.mjs'

const address = process.env.MEMLANE_TEST_SERVER
let count = 0

test.group('the driver', (group) => {
  registerCacheDriverTestSuite({
    test,
    group,
    supportsMilliseconds: false,
    createDriver: (options) => {
      const { options: own, factory } = memlaneDriver(address, {
        client: { timeoutMs: 20_000, connectTimeoutMs: 20_000 },
      })
      // Each is a cache of its own.
      return factory({ prefix: `suite-${count++}`, ...own, ...options })
    },
  })
})
