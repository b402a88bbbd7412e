#!/usr/bin/env node
import type { Host } from './host.ts'
import { COMMANDS } from './registry.ts'
import { runProgram } from './run.ts'

const controller = new AbortController()

let taken: (() => void) | undefined

function interrupt(): void {
  if (taken !== undefined) {
    taken()
    return
  }
  // A second signal ends the process at once, as it does by default.
  process.off('SIGINT', interrupt).off('SIGTERM', terminate)
  controller.abort(new Error('interrupted'))
}

/** Ends all of it, also what has taken the interrupts. */
function terminate(): void {
  taken?.()
  taken = undefined
  interrupt()
}

process.on('SIGINT', interrupt).on('SIGTERM', terminate)

const { env, stdout, stderr } = process
const host: Host = {
  env,
  stdout,
  stderr,
  signal: controller.signal,
  interrupt,
  takeInterrupts: (handler) => {
    taken = handler
  },
  // Opened when it is read.
  get stdin() {
    return process.stdin
  },
}

// Commands are modules of their own, which use modules that are in one file with this one: they could not be loaded while
// this one waits at its top level.
void (async () => {
  process.exitCode = await runProgram(process.argv.slice(2), host, COMMANDS)
  process.off('SIGINT', interrupt).off('SIGTERM', terminate)
})()
