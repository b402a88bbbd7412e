import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** `npm run test:next`: an application of Next.js, which test/next alone installs, on memcached. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/next/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Only to end what hangs: a build of Next.js takes minutes on a busy machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 1,
  },
})

export default config
