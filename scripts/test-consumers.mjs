// `npm run test:consumers`: the built package as other projects use it, with compilers that test/consumers installs.
// Arguments go to vitest.
import { join } from 'node:path'
import { build, checkNode, install, root } from './setup.mjs'
import { runVitest } from './vitest.mjs'

checkNode()
install()
install(join(root, 'test', 'consumers'), 'compilers, bundlers and jest')
build()
process.exitCode = await runVitest('npm run test:consumers', [
  '--config=vitest.consumers.config.ts',
  ...process.argv.slice(2),
])
