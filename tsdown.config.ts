import { defineConfig, type UserConfig } from 'tsdown'

const config: UserConfig = defineConfig({
  entry: {
    index: 'src/exports/index.ts',
    meta: 'src/exports/meta.ts',
    routing: 'src/exports/routing.ts',
    serde: 'src/exports/serde.ts',
    testing: 'src/exports/testing.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20.19',
  dts: { oxc: true, sourcemap: true },
  sourcemap: true,
  clean: true,
  fixedExtension: true,
})

export default config
