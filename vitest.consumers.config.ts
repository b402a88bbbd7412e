import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** `npm run test:consumers`: the built package as other projects use it, with compilers that test/consumers alone installs. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/consumers/**/*.test.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})

export default config
