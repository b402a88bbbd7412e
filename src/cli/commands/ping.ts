import type { Memcache } from '../../client/memcache.ts'
import { BatchError } from '../../errors.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { rounds } from '../rounds.ts'

/** `memlane ping` */
export const ping: Command = defineCommand({
  name: 'ping',
  summary: 'Measure the time to each server and back',
  description: [
    'Connections are made before the first time is taken. A server that fails has a line on standard error.',
  ],
  arguments: {},
  options: {
    count: { type: 'count', short: 'n', default: 1, min: 1, placeholder: 'number', help: 'ask so many times' },
    every: { type: 'duration', default: 1000, help: 'time from one round to the next' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane ping -s 10.0.0.1 -s 10.0.0.2', help: 'a line for each server' },
    { line: 'memlane ping -n 1m --every 200ms', help: 'five times a second, until Ctrl-C' },
  ],
  async run(context, { options }) {
    const client = await context.clients.memcache()
    // A server that cannot be connected to is reported by its ping.
    await client.connect().catch(() => undefined)
    let exitCode: number = EXIT.ok
    const { count, every: everyMs } = options
    for await (const _ of rounds({ count, everyMs, signal: context.signal })) {
      exitCode = Math.max(exitCode, await pingAll(context, client))
    }
    return exitCode
  },
})

/** Asks every server once; gives the exit code. */
async function pingAll({ json, out, warn, signal }: Context, client: Memcache): Promise<number> {
  const { found, failed } = await client.ping({ signal }).then(
    (times) => ({ found: times, failed: new Map<string, unknown>() }),
    (error: unknown) => {
      if (!(error instanceof BatchError)) throw error
      return { found: error.found as Map<string, number>, failed: error.failed as Map<string, unknown> }
    },
  )
  let exitCode: number = EXIT.ok
  for (const { name: server } of client.servers) {
    const ms = found.get(server)
    const { lines, exitCode: code } = explainError(failed.get(server)) ?? { lines: [], exitCode: EXIT.ok }
    if (ms === undefined) for (const line of lines) warn(line)
    if (json) out.json({ server, ms: ms ?? null, ...(ms === undefined ? { error: lines[0] } : {}) })
    else if (ms !== undefined) out.line(`${server} ${ms.toFixed(2)} ms`)
    exitCode = Math.max(exitCode, code)
  }
  return exitCode
}
