import { configDefaults, defineConfig, mergeConfig, type ViteUserConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** `npm run test:interop`: memlane beside the clients of other languages, which read what it wrote and find its keys. */
const config: ViteUserConfig = mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ['test/interop/**/*.test.ts'], exclude: configDefaults.exclude } }),
)

export default config
