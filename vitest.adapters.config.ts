import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const vitest = fileURLToPath(new URL('node_modules/vitest/dist/index.js', import.meta.url))

/** `npm run test:adapters`: the tests with the hosts of the adapters, which are installed in test/adapters alone. */
const config: ViteUserConfig = defineConfig({
  // @keyv/test-suite brings a vitest of its own, which must not be another one than that which runs the tests.
  resolve: { alias: [{ find: /^vitest$/, replacement: vitest }] },
  test: {
    include: ['test/adapters/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})

export default config
