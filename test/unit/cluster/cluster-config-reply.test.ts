import { describe, expect, it } from 'vitest'
import { parseClusterConfig } from '../../../src/cluster/cluster-config-reply.ts'

function reply(body: string, head = 'CONFIG cluster'): Buffer {
  return Buffer.from(`${head} 0 ${body.length}\r\n${body}\r\nEND\r\n`)
}

function list(count: number): Buffer {
  return reply(`1\n${Array.from({ length: count }, (_, at) => `n${at}.test||11211`).join(' ')}\n`)
}

describe('the reply of a configuration endpoint', () => {
  it('has a version and servers', () => {
    const body = '12\nmy.0001.cache.amazonaws.com|10.0.0.1|11211 my.0002.cache.amazonaws.com|10.0.0.2|11212\n\r\n'
    expect(parseClusterConfig(reply(body))).toEqual({
      version: 12,
      servers: [
        { host: 'my.0001.cache.amazonaws.com', port: 11_211 },
        { host: 'my.0002.cache.amazonaws.com', port: 11_212 },
      ],
    })
  })

  it('has the same form under the old key', () => {
    expect(parseClusterConfig(reply('3\na.test|10.0.0.1|11211\n', 'VALUE AmazonElastiCache:cluster'))).toEqual({
      version: 3,
      servers: [{ host: 'a.test', port: 11_211 }],
    })
  })

  it('may leave out the address, or the name', () => {
    const { servers } = parseClusterConfig(reply('1\na.test||11211 |10.0.0.2|11211 10.0.0.3|10.0.0.3|11211\n'))
    expect(servers.map((server) => server.host)).toEqual(['a.test', '10.0.0.2', '10.0.0.3'])
  })

  it('may list a server twice, which counts once, however it is written', () => {
    const { servers } = parseClusterConfig(
      reply('1\na.test||11211 A.Test||11211 a.test|10.0.0.1|11211 a.test||11212\n'),
    )
    expect(servers).toEqual([
      { host: 'a.test', port: 11_211 },
      { host: 'a.test', port: 11_212 },
    ])
  })

  it('lists 1,000 servers at most', () => {
    expect(parseClusterConfig(list(1000)).servers).toHaveLength(1000)
    expect(() => parseClusterConfig(list(1001))).toThrow(/lists more than 1000 servers/)
    expect(() => parseClusterConfig(list(20_000))).toThrow(/lists more than 1000 servers/)
  })

  it.each(['a.test||0', 'a.test||65536', 'a..b c||1', 'a.test||-1'])(
    'is refused for a server that cannot be: %s',
    (node) => {
      expect(() => parseClusterConfig(reply(`1\n${node} b.test||11211\n`))).toThrow()
    },
  )

  it.each([
    ['a version of 16 digits', reply(`${'9'.repeat(16)}\na.test||11211\n`)],
    ['a version of 400 digits', reply(`${'9'.repeat(400)}\na.test||11211\n`)],
    ['a negative version', reply('-1\na.test||11211\n')],
    ['an address that is none', reply('1\n|999.1.1.1|11211\n')],
    ['an address of three numbers', reply('1\n10.0.1|10.0.1|11211\n')],
    ['a server without a host', reply('1\n||11211\n')],
    ['a port of many digits', reply(`1\na.test||${'1'.repeat(400)}\n`)],
    ['a port that is no number', reply('1\na.test||0x1\n')],
    ['a length of 400 digits', Buffer.from(`CONFIG cluster 0 ${'9'.repeat(400)}\r\n1\na.test||1\n\r\nEND\r\n`)],
    ['nothing', Buffer.from('END\r\n')],
    ['no servers', reply('1\n\n')],
    ['no version', reply('a.test|10.0.0.1|11211\n')],
    ['a server without a port', reply('1\na.test|10.0.0.1|\n')],
    ['a server of one word', reply('1\na.test\n')],
    ['fewer bytes than it says', Buffer.from('CONFIG cluster 0 500\r\n1\na|b|1\n\r\nEND\r\n')],
  ])('is refused when it has %s', (_what, bytes) => {
    expect(() => parseClusterConfig(bytes)).toThrow('the configuration of the cluster cannot be read')
  })
})
