import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** `npm run test:workers`: memlane in workerd, the runtime of Cloudflare Workers, which test/workers alone installs. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/workers/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})

export default config
