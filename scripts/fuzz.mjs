// `npm run fuzz`: the tests of test/fuzz, with a seed that is new each time and many times the rounds of `npm test`.
// MEMLANE_FUZZ_SEED and MEMLANE_FUZZ_ROUNDS choose others; arguments are files, or anything else that vitest takes.
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { installMemcachedVersions, installPrograms } from './programs.mjs'
import { checkNode, install, root } from './setup.mjs'
import { runVitest } from './vitest.mjs'

/** How many times as many rounds as in `npm test`. */
const ROUNDS = 20

const { MEMLANE_FUZZ_SEED: seed = String(randomInt(2 ** 32)), MEMLANE_FUZZ_ROUNDS: rounds = String(ROUNDS) } =
  process.env

checkNode()
install()
installPrograms()
installMemcachedVersions()
install(join(root, 'test', 'interop'), 'clients from npm')
Object.assign(process.env, { MEMLANE_FUZZ_SEED: seed, MEMLANE_FUZZ_ROUNDS: rounds })
console.log(`MEMLANE_FUZZ_SEED=${seed} MEMLANE_FUZZ_ROUNDS=${rounds}`)
const args = process.argv.slice(2)
process.exitCode = await runVitest(`fuzz, seed ${seed}, rounds ${rounds}`, args.length === 0 ? ['test/fuzz'] : args)
