#!/usr/bin/env node
import { COMMANDS } from './registry.ts'
import { runProgram } from './run.ts'

const interrupt = new AbortController()

function onSignal(): void {
  // A second signal ends the process at once, as it does by default.
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  interrupt.abort(new Error('interrupted'))
}

process.on('SIGINT', onSignal).on('SIGTERM', onSignal)

const { env, stdout, stderr } = process
process.exitCode = await runProgram(
  process.argv.slice(2),
  // Standard input is opened when it is read.
  {
    env,
    stdout,
    stderr,
    signal: interrupt.signal,
    get stdin() {
      return process.stdin
    },
  },
  COMMANDS,
)
process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
