import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two shared cores: more workers only make deadlines compete with each other.
    maxWorkers: 2,
  },
})

export default config
