#!/usr/bin/env node
import type { Host } from './host.ts'
import { COMMANDS } from './registry.ts'
import { runProgram } from './run.ts'

const controller = new AbortController()

function interrupt(): void {
  // A second signal ends the process at once, as it does by default.
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  controller.abort(new Error('interrupted'))
}

process.on('SIGINT', interrupt).on('SIGTERM', interrupt)

const { env, stdout, stderr } = process
const host: Host = {
  env,
  stdout,
  stderr,
  signal: controller.signal,
  interrupt,
  // Opened when it is read.
  get stdin() {
    return process.stdin
  },
}
process.exitCode = await runProgram(process.argv.slice(2), host, COMMANDS)
process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
