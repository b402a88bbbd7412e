import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { plural } from '../format.ts'
import { askYes } from '../terminal/confirm.ts'

/** `memlane flush` */
export const flush: Command = defineCommand({
  name: 'flush',
  summary: 'Delete everything on every server',
  description: ['Sends flush_all. Asks first; without a terminal, --yes must be given.'],
  arguments: {},
  options: {
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    delay: { type: 'duration', help: 'delete after this time, in whole seconds' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane flush -s 10.0.0.1', help: 'asks, then deletes' },
    { line: 'memlane flush --yes --delay 10s', help: 'without a question, in ten seconds' },
  ],
  exitCodes: { [EXIT.negative]: 'the answer was no' },
  async run({ clients, host, json, out, err, signal }, { options }) {
    const client = await clients.memcache()
    const names = client.servers.map(({ name }) => name)
    const question = `Delete everything on ${names.join(', ')}?`
    if (!options.yes && !(await askYes(question, host))) return EXIT.negative
    await client.flushAll({ delay: Math.ceil((options.delay ?? 0) / 1000), signal })
    if (json) for (const server of names) out.json({ server, flushed: true })
    else err.line(`${plural(names.length, 'server')} flushed`)
    return EXIT.ok
  },
})
