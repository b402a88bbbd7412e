import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** `npm run test:site`: the built documentation, in a browser. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['site/*.test.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})

export default config
