// `npm run test:adapters`: the adapters inside their hosts, which are installed in test/adapters. Arguments go to vitest.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { build, checkNode, giveUp, install, root, run, step } from './setup.mjs'
import { runVitest } from './vitest.mjs'

const FOLDER = join(root, 'test', 'adapters')
const CONFIG = '--config=vitest.adapters.config.ts'

/** The oldest Node that Keyv 6 runs on, and the newer one that test/adapters has for it. */
const KEYV_6_NODE = [22, 19]
const NEWER_NODE = join(FOLDER, 'node_modules', 'node24', 'bin', 'node')

checkNode()
install()
installPrograms()
installMemcachedVersions()
install(FOLDER, 'hosts of the adapters')
// Its install script, which fetches the program, is the only one that is needed.
if (!existsSync(NEWER_NODE))
  step('installing a newer Node for Keyv 6', 'npm', ['rebuild', 'node24', '--ignore-scripts=false', '--prefix', FOLDER])
build()
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
if ((await run(process.execPath, [tsc, '--noEmit', '-p', FOLDER])) !== 0)
  giveUp('The adapters do not fit the types of their hosts: see above.')
process.exitCode = await runVitest('npm run test:adapters', [CONFIG, ...process.argv.slice(2)])
if (process.argv.length === 2 && !runsKeyv6()) await testKeyv6()

/** Whether this Node runs the tests of Keyv 6 with the others. */
function runsKeyv6() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > KEYV_6_NODE[0] || (major === KEYV_6_NODE[0] && minor >= KEYV_6_NODE[1])
}

async function testKeyv6() {
  console.log('\nThe tests with Keyv 6, which were skipped, on a newer Node:')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const code = await run(NEWER_NODE, [vitest, 'run', CONFIG, 'test/adapters/keyv6.test.ts'])
  if (code !== 0) process.exitCode = code
}
