// `npm run faults`: what memlane and other clients do when servers fail.
import { runInBench } from './bench-setup.mjs'

runInBench('faults', 'run.mjs')
