// `npm run bench`: measures memlane beside other clients.
import { runInBench } from './bench-setup.mjs'

runInBench('run.mjs')
