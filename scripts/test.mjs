// `npm test`: installs what is missing, checks, builds, runs every test, and writes down on which servers they passed.
// With arguments: only vitest, with them.
import { join } from 'node:path'
import { writeServers } from './compatibility.mjs'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { build, checkNode, giveUp, install, root, runScript } from './setup.mjs'
import { runVitest } from './vitest.mjs'

/** Packages that only some tests need, apart from the project's own. */
const SUB_PACKAGES = [
  ['interop', 'clients from npm'],
  ['schemas', 'schema libraries'],
  ['observability', 'libraries of spans and metrics'],
]

const args = process.argv.slice(2)
checkNode()
install()
installPrograms()
installMemcachedVersions()
for (const [folder, name] of SUB_PACKAGES) install(join(root, 'test', folder), name)
if (args.length === 0 && (await runScript('check')) !== 0)
  giveUp('npm run check failed: see above (npm run format mends the format).')
build()
if (args.length === 0 && (await runScript('check:package')) !== 0) giveUp('npm run check:package failed: see above.')
if (args.length === 0 && (await runScript('check:budgets')) !== 0) giveUp('npm run check:budgets failed: see above.')
process.exitCode = await runVitest('npm test', args, (report) => args.length === 0 && writeServers(report))
