import { defineConfig, type UserConfig } from 'tsdown'

const shared: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  fixedExtension: true,
}

const config: UserConfig[] = defineConfig([
  {
    ...shared,
    entry: {
      index: 'src/exports/index.ts',
      meta: 'src/exports/meta.ts',
      routing: 'src/exports/routing.ts',
      serde: 'src/exports/serde.ts',
      testing: 'src/exports/testing.ts',
    },
    format: ['esm', 'cjs'],
    dts: { oxc: true, sourcemap: true },
    clean: true,
  },
  // The program, which nobody imports.
  { ...shared, entry: { cli: 'src/cli/main.ts' }, format: ['esm'], dts: false, clean: false },
])

export default config
