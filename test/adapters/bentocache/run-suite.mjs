// Runs the tests that bentocache has for its drivers, with its own test runner: node run-suite.mjs ADDRESS
import { fileURLToPath } from 'node:url'
import { assert } from '@japa/assert'
import { configure, processCLIArgs, run } from '@japa/runner'
import { ndjson } from '@japa/runner/reporters'

processCLIArgs([])
configure({
  plugins: [assert()],
  // The runner takes test files, and no tests of the file that starts it.
  files: [fileURLToPath(new URL('suite.mjs', import.meta.url))],
  reporters: { activated: ['ndjson'], list: [ndjson()] },
})
await run()
