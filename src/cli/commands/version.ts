import { type Command, defineCommand } from '../command.ts'

/** `memlane version` */
export const version: Command = defineCommand({
  name: 'version',
  summary: 'Print the version of each server',
  arguments: {},
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane version -s 10.0.0.1 -s 10.0.0.2', help: 'a line for each server' }],
  async run({ clients, out, json, signal }) {
    const client = await clients.memcache()
    for (const [server, text] of await client.version({ signal })) {
      if (json) out.json({ server, version: text })
      else out.line(`${server} ${text}`)
    }
  },
})
