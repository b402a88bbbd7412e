import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { answer } from '../exporter/http-answers.ts'
import { ExporterServer } from '../exporter/http-server.ts'
import { readListenAddress } from '../exporter/listen-address.ts'
import { ScrapeTarget, ScrapeTargets } from '../exporter/target.ts'
import { readServers } from '../server-list.ts'

/** `memlane exporter` */
export const exporter: Command = defineCommand({
  name: 'exporter',
  summary: 'Serve the numbers of the servers to Prometheus',
  description: [
    "Has memcached_exporter's names, labels and port, so that its dashboards and alerts fit. /metrics has the servers of -s: one without further labels, several with the label server. /scrape?target=host:port has one server of -s or --allow-target, and no other.",
    'A server that does not answer has memcached_up 0. The login of the command line goes to the servers of -s alone; one for a server of --allow-target stands in its address, memcached://user:password@host.',
    'Requests must be sent to an address, to localhost, to the name of this machine, or to a name of --allow-host.',
  ],
  arguments: {},
  options: {
    listen: {
      type: 'text',
      short: 'l',
      placeholder: 'address',
      default: '127.0.0.1:9150',
      help: 'where to listen: host:port, or :port for all addresses',
    },
    allowTarget: {
      type: 'server',
      repeat: true,
      placeholder: 'address',
      help: 'a server that /scrape may ask, without the login of the command line',
    },
    allowHost: { type: 'text', repeat: true, placeholder: 'name', help: 'a name that requests may be sent to' },
    noSlabs: { type: 'boolean', help: 'leave out the slab classes, which are most of the lines' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane exporter -s cache:11211', help: 'on port 9150 of this machine' },
    { line: 'memlane exporter -l :9150 -s a,b --allow-host exporter.example', help: 'for a Prometheus elsewhere' },
    { line: 'memlane exporter --allow-target c:11211', help: 'one more server for /scrape?target=c:11211' },
  ],
  exitCodes: {
    [EXIT.negative]: 'not used',
    [EXIT.connection]: 'the address cannot be listened on',
    [EXIT.server]: 'not used',
  },
  async run(context, { options }) {
    const { clients, out, signal } = context
    const address = readListenAddress(options.listen)
    const servers = await makeTargets(context, clients.servers, !options.noSlabs)
    const others = await makeTargets(context, readOthers(options.allowTarget), !options.noSlabs, true)
    // A server of both keeps its login.
    const targets = new ScrapeTargets([...others, ...servers])
    const facts = { servers, targets, hosts: [...options.allowHost, address.host] }
    const server = await ExporterServer.start(address, (question) => answer(question, facts))
    out.line(`memlane serves metrics of ${servers.map(({ name }) => name).join(', ')} on ${server.url}/metrics`)
    await server.closeAt(signal)
    return EXIT.ok
  },
})

function readOthers(words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : readServers(words, {})
}

async function makeTargets(
  { clients, warn }: Context,
  servers: readonly string[],
  slabs: boolean,
  withoutLogin = false,
): Promise<ScrapeTarget[]> {
  const onFailure = (server: string, error: unknown): void => {
    for (const line of explainError(error)?.lines ?? [String(error)])
      warn(line.includes(server) ? line : `${server}: ${line}`)
  }
  const options = { slabs, onFailure }
  const made = servers.map((server) => (withoutLogin ? clients.withoutLogin([server]) : clients.memcache([server])))
  return (await Promise.all(made)).map((client) => new ScrapeTarget(client, options))
}
