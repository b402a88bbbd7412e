import { describe, expect, it } from 'vitest'
import { parseClusterConfig } from '../../../src/cluster/cluster-config-reply.ts'

function reply(body: string, head = 'CONFIG cluster'): Buffer {
  return Buffer.from(`${head} 0 ${body.length}\r\n${body}\r\nEND\r\n`)
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

  it.each([
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
