import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const vitest = fileURLToPath(new URL('node_modules/vitest/dist/index.js', import.meta.url))

/** `npm run test:compat`: the tests with the clients that memlane/compat stands in for, which test/compat alone installs. */
const config: ViteUserConfig = defineConfig({
  // @keyv/test-suite brings a vitest of its own, which must not be another one than that which runs the tests.
  resolve: { alias: [{ find: /^vitest$/, replacement: vitest }] },
  test: {
    include: ['test/compat/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})

export default config
