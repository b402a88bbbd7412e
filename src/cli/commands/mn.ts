import { type Command, defineCommand } from '../command.ts'

/** `memlane mn` */
export const mn: Command = defineCommand({
  name: 'mn',
  summary: 'Send a meta no-op to each server',
  arguments: {},
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane mn', help: 'prints MN for each server that speaks the meta protocol' }],
  async run({ clients, json, out, signal }) {
    const client = await clients.memcache(clients.servers, { protocol: 'meta' })
    for (const [server] of await client.ping({ signal })) {
      if (json) out.json({ server, reply: 'MN' })
      else out.line(`${server} MN`)
    }
  },
})
