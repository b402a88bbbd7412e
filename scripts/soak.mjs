// `npm run soak`: the tests of test/soak, with a seed that is new each time and many more outages than in `npm test`.
// MEMLANE_SOAK_SEED and MEMLANE_SOAK_OUTAGES choose others.
import { randomInt } from 'node:crypto'
import { installPrograms } from './programs.mjs'
import { checkNode, install } from './setup.mjs'
import { runVitest } from './vitest.mjs'

/** About ten minutes. */
const OUTAGES = 300

const { MEMLANE_SOAK_SEED: seed = String(randomInt(2 ** 32)), MEMLANE_SOAK_OUTAGES: outages = String(OUTAGES) } =
  process.env

checkNode()
install()
installPrograms()
Object.assign(process.env, { MEMLANE_SOAK_SEED: seed, MEMLANE_SOAK_OUTAGES: outages })
console.log(`MEMLANE_SOAK_SEED=${seed} MEMLANE_SOAK_OUTAGES=${outages}`)
process.exitCode = await runVitest(`soak, seed ${seed}, ${outages} outages`, ['test/soak'])
