// `npm run test:adapters`: the adapters inside their hosts, which are installed in test/adapters. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { build, checkNode, giveUp, install, root, run } from './setup.mjs'
import { runVitest } from './vitest.mjs'

const FOLDER = join(root, 'test', 'adapters')
const CONFIG = '--config=vitest.adapters.config.ts'

/** The oldest Node that Keyv 6 runs on. */
const KEYV_6_NODE = [22, 19]

checkNode()
install()
installPrograms()
installMemcachedVersions()
install(FOLDER, 'hosts of the adapters')
build()
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
if ((await run(process.execPath, [tsc, '--noEmit', '-p', FOLDER])) !== 0)
  giveUp('The adapters do not fit the types of their hosts: see above.')
process.exitCode = await runVitest('npm run test:adapters', [CONFIG, ...process.argv.slice(2)])
if (process.argv.length === 2) await runOnNewerNode()

/** Runs the tests of hosts that need a newer Node on one, where there is one. */
async function runOnNewerNode() {
  if (isNewEnough(process.versions.node)) return
  const node = newerNode()
  if (node === undefined) {
    const wanted = KEYV_6_NODE.join('.')
    console.log(
      `\nSKIPPED: the tests with Keyv 6, which needs Node ${wanted}; this is ${process.version}. npm ci --prefix test/runtimes installs newer ones, or MEMLANE_NEWER_NODE=/path/to/node names one.`,
    )
    return
  }
  console.log(`\nKeyv 6 on ${node}`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const code = await run(node, [vitest, 'run', CONFIG, 'test/adapters/keyv6.test.ts'])
  if (code !== 0) process.exitCode = code
}

/** The first newer Node of test/runtimes, or the one that MEMLANE_NEWER_NODE names. */
function newerNode() {
  const pinned = ['node24', 'node22', 'node26'].map((name) =>
    join(root, 'test', 'runtimes', 'node_modules', name, 'bin', 'node'),
  )
  const paths = [process.env.MEMLANE_NEWER_NODE, ...pinned].filter((path) => path !== undefined && existsSync(path))
  return paths.find((path) =>
    isNewEnough(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout),
  )
}

function isNewEnough(version) {
  const [major, minor] = String(version).split('.').map(Number)
  return major > KEYV_6_NODE[0] || (major === KEYV_6_NODE[0] && minor >= KEYV_6_NODE[1])
}
