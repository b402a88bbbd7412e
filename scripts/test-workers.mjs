// `npm run test:workers`: the client in workerd, the runtime of Cloudflare Workers, which test/workers installs.
// Arguments go to vitest.
import { join } from 'node:path'
import { installPrograms } from './programs.mjs'
import { build, checkNode, install, root } from './setup.mjs'
import { runVitest } from './vitest.mjs'

checkNode()
install()
installPrograms()
install(join(root, 'test', 'workers'), 'runtime of Workers')
build()
process.exitCode = await runVitest('npm run test:workers', [
  '--config=vitest.workers.config.ts',
  ...process.argv.slice(2),
])
