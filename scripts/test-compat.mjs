// `npm run test:compat`: memlane/compat beside the clients that it stands in for, which are installed in test/compat.
// Arguments go to vitest.
import { join } from 'node:path'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { build, checkNode, giveUp, install, root, run } from './setup.mjs'
import { runVitest } from './vitest.mjs'

const FOLDER = join(root, 'test', 'compat')

checkNode()
install()
installPrograms()
installMemcachedVersions()
install(FOLDER, 'clients that memlane/compat stands in for')
build()
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
if ((await run(process.execPath, [tsc, '--noEmit', '-p', FOLDER])) !== 0)
  giveUp('memlane/compat does not fit the types of the originals: see above.')
process.exitCode = await runVitest('npm run test:compat', [
  '--config=vitest.compat.config.ts',
  ...process.argv.slice(2),
])
