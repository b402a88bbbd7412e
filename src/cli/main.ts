#!/usr/bin/env node
import { HELP } from './help.ts'
import { packageVersion } from './package-version.ts'
import { runServe } from './serve.ts'
import { UsageError } from './usage-error.ts'

async function main([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case 'serve':
      await runServe(args)
      return
    case '--version':
    case '-v':
      process.stdout.write(`${packageVersion()}\n`)
      return
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(HELP)
      return
    case undefined:
      throw new UsageError('a command is missing; see memlane --help')
    default:
      throw new UsageError(`there is no command ${command}; see memlane --help`)
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`memlane: ${error.message}\n`)
  process.exitCode = 1
})
