import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { eventually } from '../../../support/eventually.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

async function startServer(port = 0): Promise<MemcachedServer> {
  const server = await MemcachedServer.start({ port })
  onTestFinished(() => server.close())
  return server
}

describe('memlane top', () => {
  it('prints a table for each round where there is no terminal', async () => {
    const { address } = await startServer()
    const { output, errors, exitCode } = await runCommand(['top', '-n', '2', '--every', '100ms', '-s', address])
    expect([exitCode, errors]).toEqual([0, ''])
    expect(output.replaceAll(/ +/g, ' ')).toMatch(
      new RegExp(`^(SERVER▾ VERSION UP .*\\n${address} 1\\.6\\.45 \\d+s 0 .*\\n\\n?){2}$`),
    )
  })

  it('prints tables on a terminal that cannot move its cursor', async () => {
    const { address } = await startServer()
    const argv = ['top', '-n', '1', '--every', '100ms', '-s', address]
    const { output } = await runCommand(argv, { columns: 80, env: { TERM: 'dumb' } })
    expect(output).toMatch(/^SERVER▾ .*\n.*\n$/)
  })

  it('prints a line of JSON for each server and round, and says that a server is down', async () => {
    const { address } = await startServer()
    const { output, exitCode } = await runCommand([
      'top',
      '-n',
      '1',
      '--every',
      '100ms',
      '--json',
      '-s',
      address,
      '-s',
      '127.0.0.1:1',
    ])
    const [up, down] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(up).toMatchObject({ server: address, version: '1.6.45', items: 0, gets: 0, evictions: 0 })
    expect(down).toMatchObject({ server: '127.0.0.1:1', error: expect.stringContaining('ECONNREFUSED') as string })
    expect([Object.keys(down!), exitCode]).toEqual([['at', 'server', 'error'], 3])
  })

  it('shows a server that dies and comes back, and gives back the terminal', async () => {
    const first = await startServer()
    const host = new TestHost({ columns: 100, rows: 24 })
    const ended = host.run(['top', '--every', '100ms', '-s', first.address])
    await host.shows(/1\.6\.45/)
    await first.close()
    await host.shows(/1 down.*DOWN.*ECONNREFUSED/s)
    await startServer(Number(first.address.split(':')[1]))
    await host.shows(/ECONNREFUSED.*1\.6\.45/s)
    host.stdin.write('q')
    expect(await ended).toBe(0)
    expect([host.isRaw, host.stdout.text.endsWith('\u001b[?1049l'), host.stderr.text]).toEqual([false, true, ''])
  })

  it('shows the keys that are read most, and watches the server for no longer', async () => {
    const { address } = await startServer()
    const host = new TestHost({ columns: 80, rows: 24 })
    const ended = host.run(['top', '--every', '100ms', '-s', address])
    await host.shows(/k hot keys/)
    host.stdin.write('k')
    await using client = new Memcache(address, { metrics: false })
    const countWatchers = async (): Promise<unknown> => (await client.stats()).get(address)?.['log_watchers']
    await eventually(async () => expect(await countWatchers()).toBe(1))
    await client.get('user:1')
    await host.shows(/hot keys.*READ\/S.*user:1.*MISS\/S.*user:\*/s)
    host.stdin.write('\u001b')
    await eventually(async () => expect(await countWatchers()).toBe(0))
    host.stdin.write('kq')
    expect(await ended).toBe(0)
    await eventually(async () => expect(await countWatchers()).toBe(0))
  })

  it('says in place of keys that a server refuses to be watched', async () => {
    await using server = await MemcachedServer.start({ disableWatch: true })
    const host = new TestHost({ columns: 120, rows: 24 })
    const ended = host.run(['top', '--every', '100ms', '-s', server.address])
    await host.shows(/k hot keys/)
    host.stdin.write('k')
    await host.shows(/answered .* to watch/)
    host.stdin.write('q')
    expect(await ended).toBe(0)
  })

  it('ends with Ctrl-C, also while a server does not answer', async () => {
    const { address } = await startServer()
    const host = new TestHost({ columns: 80, rows: 24 })
    const ended = host.run(['top', '-s', address, '-s', '192.0.2.1:11211'])
    await host.shows(/connecting/)
    host.stdin.write('\u0003')
    expect(await ended).toBe(0)
    expect(host.stdout.text).toMatch(/\[\?1049l$/)
  })

  it('ends when the reader has left', async () => {
    const { address } = await startServer()
    const host = new TestHost()
    const ended = host.run(['top', '--every', '100ms', '-s', address])
    await once(host.stdout, 'wrote')
    host.stdout.breakPipe()
    expect(await ended).toBe(0)
  })
})
