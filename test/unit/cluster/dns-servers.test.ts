import { describe, expect, it, onTestFinished } from 'vitest'
import { type DnsServersOptions, dnsServers } from '../../../src/cluster/dns-servers.ts'
import { lastErrorOf } from '../../../src/seam/server-source.ts'
import type { ServerSpec } from '../../../src/server-address.ts'
import { until } from '../../support/eventually.ts'
import { a, aaaa, NameServer, srv } from './name-server.ts'

async function listsOf(
  options: DnsServersOptions = {},
): Promise<{ names: NameServer; next: () => Promise<readonly ServerSpec[] | undefined>; source: object }> {
  const names = await NameServer.start()
  const source = dnsServers('mc.test', { intervalMs: 10, resolvers: [names.address], ...options })
  const iterator = source[Symbol.asyncIterator]()
  onTestFinished(async () => {
    await iterator.return?.()
  })
  const next = async () => (await iterator.next()).value as readonly ServerSpec[] | undefined
  return { names, next, source }
}

function takeNone(): boolean {
  return false
}

function breakFilter(): never {
  throw new Error('filter broke')
}

describe('servers behind a name', () => {
  it('are its addresses, sorted and each once, with the port that is given', async () => {
    const { names, next } = await listsOf({ port: 11_300 })
    names.records = [a('10.0.0.9'), a('10.0.0.10'), a('10.0.0.9')]
    expect(await next()).toEqual([
      { host: '10.0.0.10', port: 11_300 },
      { host: '10.0.0.9', port: 11_300 },
    ])
  })

  it('are its IPv6 addresses with type AAAA', async () => {
    const { names, next } = await listsOf({ type: 'AAAA' })
    names.records = [aaaa('20010db8000000000000000000000001')]
    expect(await next()).toEqual([{ host: '2001:db8::1', port: 11_211 }])
  })

  it('are the hosts and ports of its SRV records of the lowest priority', async () => {
    const { names, next } = await listsOf({ type: 'SRV' })
    names.records = [srv(1, 10, 11_212, 'b.mc.test'), srv(1, 90, 11_211, 'a.mc.test'), srv(2, 10, 11_211, 'spare.test')]
    expect(await next()).toEqual([
      { host: 'a.mc.test', port: 11_211 },
      { host: 'b.mc.test', port: 11_212 },
    ])
  })

  it('are those of its SRV records that can be used: not port 0, not the target "."', async () => {
    const { names, next, source } = await listsOf({ type: 'SRV' })
    names.records = [
      srv(0, 1, 0, 'off.mc.test'),
      srv(0, 1, 11_211, ''),
      srv(0, 1, 11_211, 'bad host'),
      srv(1, 1, 0, 'b.test'),
    ]
    const list = next()
    await until(() => lastErrorOf(source as never) !== undefined, 'no record could be used')
    names.records = [...names.records, srv(1, 1, 11_211, 'a.mc.test'), srv(1, 1, 11_211, 'A.mc.test')]
    expect(await list).toEqual([{ host: expect.stringMatching(/^a\.mc\.test$/i), port: 11_211 }])
  })

  it('have the option port where an SRV record has port 0', async () => {
    const { names, next } = await listsOf({ type: 'SRV', port: 11_300 })
    names.records = [srv(1, 1, 0, 'a.mc.test'), srv(1, 1, 11_211, 'b.mc.test'), srv(1, 1, 0, 'bad host')]
    expect(await next()).toEqual([
      { host: 'a.mc.test', port: 11_300 },
      { host: 'b.mc.test', port: 11_211 },
    ])
  })

  it('are those that the filter takes, and the lowest priority is looked for among these', async () => {
    const { names, next } = await listsOf({ type: 'SRV', filter: ({ host }) => host.startsWith('east') })
    names.records = [
      srv(1, 1, 11_211, 'west-1.test'),
      srv(2, 1, 11_212, 'east-2.test'),
      srv(2, 1, 11_211, 'east-1.test'),
      srv(3, 1, 11_211, 'east-3.test'),
    ]
    expect(await next()).toEqual([
      { host: 'east-1.test', port: 11_211 },
      { host: 'east-2.test', port: 11_212 },
    ])
  })

  it('are no empty list where the filter takes none, and the last one where it throws', async () => {
    let filter: (host: string) => boolean = takeNone
    const { names, next, source } = await listsOf({ filter: ({ host }) => filter(host) })
    names.records = [a('10.0.0.10'), a('10.0.0.1'), a('10.0.0.2')]
    const list = next()
    const lastError = (): string => String(lastErrorOf(source as never))
    await until(() => lastError().includes('has no A record that the option filter takes'), 'no record was taken')
    filter = breakFilter
    await until(() => lastError().includes('filter broke'), 'the filter threw')
    filter = (host) => host !== '10.0.0.2'
    expect(await list).toEqual([
      { host: '10.0.0.1', port: 11_211 },
      { host: '10.0.0.10', port: 11_211 },
    ])
  })

  it('are looked up again and again', async () => {
    const { names, next } = await listsOf()
    names.records = [a('10.0.0.1')]
    expect(await next()).toEqual([{ host: '10.0.0.1', port: 11_211 }])
    names.records = [a('10.0.0.1'), a('10.0.0.2')]
    expect(await next()).toHaveLength(2)
  })

  it('are not waited for once the reader has gone', async () => {
    const names = await NameServer.start()
    names.silent = true
    const source = dnsServers('mc.test', { resolvers: [names.address] })
    const iterator = source[Symbol.asyncIterator]()
    const list = iterator.next()
    await until(() => names.questions === 1, 'it was asked')
    await iterator.return?.()
    expect(await list).toEqual({ done: true, value: undefined })
    expect(lastErrorOf(source)).toMatchObject({ code: 'ECANCELLED' })
  })

  it('survive failures and empty answers, which are no list', async () => {
    const { names, next, source } = await listsOf()
    names.failing = true
    const list = next()
    await until(() => names.questions > 1, 'it was asked again after a failure')
    names.failing = false
    const asked = names.questions
    await until(() => names.questions > asked + 1, 'it was asked again after an empty answer')
    expect(lastErrorOf(source as never)).toBeInstanceOf(Error)
    names.records = [a('10.0.0.1')]
    expect(await list).toEqual([{ host: '10.0.0.1', port: 11_211 }])
    expect(lastErrorOf(source as never)).toBeUndefined()
  })

  it.each<[string, DnsServersOptions, RegExp]>([
    ['', {}, /dnsServers needs a name/],
    ['mc', { type: 'MX' as never }, /option type must be 'A', 'AAAA' or 'SRV', got "MX"/],
    ['mc', { port: 0 }, /option port/],
    ['mc', { type: 'SRV', port: 65_536 }, /option port/],
    ['mc', { filter: 'east' as never }, /option filter must be a function, got "east"/],
    ['mc', { intervalMs: 0 }, /option intervalMs/],
    ['mc', { resolvers: ['nowhere'] }, /resolvers must be a list of addresses/],
    ['mc', { every: 5 } as never, /dnsServers has no option "every"/],
  ])('refuses bad options by name: %s %o', (name, options, message) => {
    expect(() => dnsServers(name, options)).toThrow(message)
  })
})
