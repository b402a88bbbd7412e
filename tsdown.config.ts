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
      middleware: 'src/exports/middleware.ts',
      routing: 'src/exports/routing.ts',
      serde: 'src/exports/serde.ts',
      sync: 'src/exports/sync.ts',
      testing: 'src/exports/testing.ts',
    },
    format: ['esm', 'cjs'],
    dts: { oxc: true, sourcemap: true },
    clean: true,
  },
  // The program, which nobody imports.
  { ...shared, entry: { cli: 'src/cli/main.ts' }, format: ['esm'], dts: false, clean: false },
  // What the synchronous clients start in a thread of its own, found beside them.
  {
    ...shared,
    entry: { 'sync-worker': 'src/sync/sync-worker.ts' },
    format: ['esm'],
    dts: false,
    clean: false,
  },
])

export default config
