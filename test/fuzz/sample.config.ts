import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: { include: ['test/fuzz/sample.ts'], disableConsoleIntercept: true },
})

export default config
