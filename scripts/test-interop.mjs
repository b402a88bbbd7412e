// `npm run test:interop`: clients of other languages beside memlane, on the same servers. Writes docs/interop.md.
// Arguments go to vitest.
import { join } from 'node:path'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { checkNode, install, root } from './setup.mjs'
import { runVitest } from './vitest.mjs'

checkNode()
install()
installPrograms()
installMemcachedVersions()
install(join(root, 'test', 'interop'), 'clients from npm')
process.exitCode = await runVitest('npm run test:interop', [
  '--config=vitest.interop.config.ts',
  ...process.argv.slice(2),
])
