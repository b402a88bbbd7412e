import { connect } from 'node:net'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { Peer, type ReceivedCommand } from './peer.ts'
import { ScriptedServer } from './scripted-server.ts'

/** A memcached that is no longer to be had, played well enough to meet its quirks. */
export interface AgedMemcached {
  readonly address: string
  readonly port: number
  readonly close: () => Promise<void>
}

/** 1.6.10 to 1.6.12 answer ERROR to some long lines (memcached issue 849): here to all beyond this. */
const longestLineBytes = 2048

/**
 * Plays memcached 1.6.10 to 1.6.17. The in-process server knows the older replies to `mg` (misses without key and
 * opaque, a flag demanded); what it does better than its model is spoilt on the way: `ms` and `md` answer `HD  O1` with
 * two spaces and `HD ` with one at its end (seen on 1.6.9, gone in 1.6.18), and long reads answer `ERROR`.
 */
export async function startAgedMemcached(version: string, now: () => number): Promise<AgedMemcached> {
  const engine = await MemcachedServer.start({ port: 0, version, now })
  const refusesLongLines = Number(version.split('.')[2]) <= 12
  const front = await ScriptedServer.start(async (peer) => {
    const upstream = new Peer(connect(engine.port, '127.0.0.1'))
    void peer.closed.then(() => upstream.socket.destroy())
    for (;;) {
      const command = await peer.command()
      const refused = refusesLongLines && command.words[0] === 'get' && command.line.length > longestLineBytes
      peer.reply(refused ? 'ERROR\r\n' : spoil(command, await ask(upstream, command)))
    }
  })
  const close = async (): Promise<void> => {
    await front.close()
    await engine.close()
  }
  return { address: front.address, port: front.port, close }
}

/** The whole reply, which may be none: a barrier follows the command, and what comes before its answer is the reply. */
async function ask(upstream: Peer, command: ReceivedCommand): Promise<Buffer> {
  const body = command.body === undefined ? [] : [command.body, Buffer.from('\r\n')]
  upstream.reply(Buffer.concat([Buffer.from(`${command.line}\r\n`, 'latin1'), ...body, Buffer.from('mn\r\n')]))
  const parts: Buffer[] = []
  for (let isBarrier = command.words[0] !== 'mn'; ; ) {
    const line = await upstream.line()
    if (line === 'MN' && isBarrier) return Buffer.concat(parts)
    if (line === 'MN') isBarrier = true
    parts.push(Buffer.from(`${line}\r\n`, 'latin1'))
    const size = /^(?:VA|VALUE \S+ \d+) (\d+)/.exec(line)?.[1]
    if (size !== undefined) parts.push(await upstream.bytes(Number(size) + 2))
  }
}

function spoil(command: ReceivedCommand, reply: Buffer): Buffer {
  if (command.words[0] !== 'ms' && command.words[0] !== 'md') return reply
  return Buffer.from(reply.toString('latin1').replace(/^(HD|NS|EX|NF)/, '$1 '), 'latin1')
}
