import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those that take longest come first, so that both workers end at about the same time. */
const LONG = ['conformance/', 'fuzz/', 'fault/', 'leases/']

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((folder) => moduleId.includes(`/test/${folder}`))
  return at === -1 ? LONG.length : at
}

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // npm run test:interop, test:adapters, test:compat, test:consumers, test:next and test:workers run these: they take minutes, or need packages of their own.
    exclude: [
      ...configDefaults.exclude,
      'test/interop/**',
      'test/adapters/**',
      'test/compat/**',
      'test/next/**',
      'test/workers/**',
      'test/consumers/**',
    ],
    globalSetup: ['test/support/global-setup.ts'],
    // Does nothing but with `MEMLANE_TRACE_TESTS=1`.
    setupFiles: ['test/support/end-of-traces.ts'],
    // Only to end what hangs: on a busy machine a test may take many times what it takes alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two shared cores: more workers only make deadlines compete with each other.
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
  },
})

export default config
