import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ClosedError, ServerDownError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import type { Distribution, Router } from '../../../src/routing/distribution.ts'
import { parseServerSpec, type Server } from '../../../src/server-address.ts'
import { eventually, rejection, until } from '../../support/eventually.ts'
import { byLetter, Lab } from './lab.ts'

function server(name: string): Server {
  return parseServerSpec({ name, host: `${name}.test` })
}

describe('routing', () => {
  it('sends every key to the server that the distribution picks', async () => {
    const lab = await Lab.start()
    for (const key of ['a1', 'b1', 'c1']) await lab.set(key, `value of ${key}`)
    for (const key of ['a1', 'b1', 'c1']) {
      expect(await lab.held(key.charAt(0), key)).toBe(`value of ${key}`)
      expect(await lab.get(key)).toBe(`value of ${key}`)
      expect(lab.cluster.serverFor(key)?.name).toBe(key.charAt(0))
    }
    expect(Object.fromEntries(lab.dials)).toEqual({ a: 1, b: 1, c: 1 })
  })

  it('goes by the routing key where an operation has one', async () => {
    const lab = await Lab.start()
    await lab.run({ command: 'set', data: '1', bytes: 1, clientFlags: 0, exptime: 0, cas: 0n }, 'a1', (operation) => {
      operation.routingKey = 'c'
    })
    expect(await lab.held('c', 'a1')).toBe('1')
    expect(await lab.held('a', 'a1')).toBeUndefined()
  })

  it('puts the prefix in front of the key where that is hashed, text or bytes', async () => {
    const lab = await Lab.start({ hashedPrefix: 'b:' })
    expect(lab.cluster.serverFor('a1')?.name).toBe('b')
    expect(lab.cluster.serverFor(Uint8Array.of(0x61))?.name).toBe('b')
    await lab.set('a1', 'x')
    expect(await lab.held('b', 'a1')).toBe('x')
  })

  it('opens one connection to each server for a thousand cold commands', async () => {
    const lab = await Lab.start()
    await Promise.all(Array.from({ length: 1000 }, (_, at) => lab.get(`${'abc'.charAt(at % 3)}${at}`)))
    expect(Object.fromEntries(lab.dials)).toEqual({ a: 1, b: 1, c: 1 })
  })

  it('opens no more connections to each server than it may for a thousand cold commands', async () => {
    const lab = await Lab.start({ connections: 4 })
    await Promise.all(Array.from({ length: 1000 }, (_, at) => lab.get(`${'abc'.charAt(at % 3)}${at}`)))
    expect(Object.fromEntries(lab.dials)).toEqual({ a: 4, b: 4, c: 4 })
  })

  it('keeps the order of the commands for one key, whatever the number of connections', async () => {
    const lab = await Lab.start({ connections: 4 })
    const calls: Promise<unknown>[] = []
    for (let round = 0; round < 50; round++) {
      for (const key of ['a1', 'a2', 'b1']) calls.push(lab.set(key, `${key} ${round}`), lab.get(key))
    }
    const answers = await Promise.all(calls)
    for (let round = 0; round < 50; round++) {
      const at = round * 6
      expect([answers[at + 1], answers[at + 3], answers[at + 5]]).toEqual([`a1 ${round}`, `a2 ${round}`, `b1 ${round}`])
    }
  })
})

describe('what is no evidence against a server', () => {
  it('a connection that is closed with nothing waiting: the next command connects again', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'x')
    lab.drop('a')
    await until(() => lab.cluster.servers[0]!.status.connections.open === 0, 'the connection is known to be closed')
    expect(lab.state('a')).toBe('up')
    expect(await lab.get('a1')).toBe('x')
    expect([lab.dials.get('a'), lab.clock.delays]).toEqual([2, []])
  })

  it('an idle connection that turns out dead, while the server is there', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'x')
    const read = lab.get('a1')
    lab.drop('a')
    expect(await read).toBe('x')
    expect([lab.state('a'), lab.dials.get('a'), lab.clock.delays]).toEqual(['up', 2, []])
  })

  it('a command whose own time is short', async () => {
    const lab = await Lab.start({ connection: { timeoutMs: 50 } })
    lab.mute('a')
    const late = new Promise((resolve, reject) => {
      const operation = new Operation(GET, 'a1', 'a1', 20, () => undefined)
      operation.resolve = resolve
      operation.reject = reject
      lab.cluster.dispatch(operation)
    })
    expect(await rejection(late)).toMatchObject({ code: 'MEMLANE_TIMEOUT' })
    expect([lab.state('a'), lab.clock.delays]).toEqual(['up', []])
  })
})

describe('a server that is out, failover none', () => {
  it('fails its commands at once, without asking it, and leaves the others alone', async () => {
    const lab = await Lab.start({ options: { failover: 'none' } })
    await lab.fail('a')
    const dials = lab.dials.get('a')
    const error = await rejection(lab.get('a1'))
    expect(error).toBeInstanceOf(ServerDownError)
    expect(error).toMatchObject({ server: 'a', delivery: 'not-sent', cause: { code: 'MEMLANE_CONNECT' } })
    expect(error.message).toContain('get "a1": a is down: ')
    expect(lab.dials.get('a')).toBe(dials)
    expect(await lab.get('b1')).toBe('miss')
    expect(lab.cluster.serverFor('a1')?.name).toBe('a')
  })

  it('takes commands again as soon as a probe succeeded, and tells both ways', async () => {
    const lab = await Lab.start({ options: { failover: 'none', retryAttempts: 0 } })
    await lab.set('a1', 'kept')
    await lab.fail('a')
    expect(lab.state('a')).toBe('down')
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('kept')
    expect(lab.events).toEqual(['a down after 1 (ConnectError)', 'a up, 0 removed'])
  })

  it('is down at the first failure with retryAttempts 0, and only suspect with 2', async () => {
    const strict = await Lab.start({ options: { failover: 'none', retryAttempts: 0 } })
    await strict.fail('a')
    expect(strict.state('a')).toBe('down')
    const patient = await Lab.start({ options: { failover: 'none', retryAttempts: 2 } })
    await patient.fail('a')
    expect(patient.state('a')).toBe('suspect')
    patient.clock.advance(1000)
    await until(() => patient.state('a') === 'down', 'the probe failed')
    expect(patient.events).toEqual(['a down after 2 (ConnectError)'])
  })

  it('is asked by one probe at a time, at the hour of the probe', async () => {
    const lab = await Lab.start({ options: { failover: 'none' } })
    await lab.fail('a')
    const before = lab.dials.get('a')!
    lab.clock.advance(1000)
    expect(lab.state('a')).toBe('probing')
    lab.clock.advance(500_000)
    await until(() => lab.state('a') === 'down', 'the probe failed')
    expect(lab.dials.get('a')).toBe(before + 1)
    expect(lab.clock.delays).toEqual([2000])
  })

  it('stays out while it accepts connections and answers nothing', async () => {
    const lab = await Lab.start({ options: { failover: 'none' }, connection: { connectTimeoutMs: 50 } })
    await lab.fail('a')
    lab.heal('a')
    lab.mute('a')
    lab.clock.advance(1000)
    await until(() => lab.state('a') === 'down', 'the probe failed')
    expect((await rejection(lab.get('a1'))).message).toContain('a is down: no connection to a within connectTimeoutMs')
  })
})

describe('failover next', () => {
  it('sends the keys of a server that is out to the next one, and back when it lives', async () => {
    const lab = await Lab.start()
    await lab.fail('a')
    await lab.set('a1', 'elsewhere')
    expect(await lab.held('b', 'a1')).toBe('elsewhere')
    expect(await lab.get('a1')).toBe('elsewhere')
    expect(lab.cluster.serverFor('a1')?.name).toBe('b')
    await lab.recover('a')
    expect(lab.cluster.serverFor('a1')?.name).toBe('a')
  })

  it('passes by every server that is out', async () => {
    const lab = await Lab.start()
    await lab.fail('a')
    await lab.fail('b')
    await lab.set('a1', 'far')
    expect(await lab.held('c', 'a1')).toBe('far')
  })

  it('fails at once with ServerDownError when no server is left', async () => {
    const lab = await Lab.start()
    for (const name of ['a', 'b', 'c']) await lab.fail(name)
    for (const key of ['a1', 'b1', 'c1']) {
      const error = await rejection(lab.get(key))
      expect(error).toBeInstanceOf(ServerDownError)
      expect(error).toMatchObject({ delivery: 'not-sent', server: key.charAt(0) })
      expect(error.message).toContain('no other server is left')
      expect(lab.cluster.serverFor(key)).toBeUndefined()
    }
  })

  it('keeps asking at the shortest delay while most servers are out, and the others ever more rarely', async () => {
    const lab = await Lab.start({ names: ['a', 'b', 'c'] })
    for (const name of ['a', 'b', 'c']) await lab.fail(name)
    for (let round = 0; round < 5; round++) {
      await until(() => lab.clock.delays.length === 3, 'the next probe of each')
      expect(lab.clock.delays.at(-1)).toBeLessThanOrEqual(2000)
      lab.clock.advance(2000)
    }
  })

  it('sends what waited for a connection that could not be made to the next server', async () => {
    const lab = await Lab.start()
    lab.cut('a')
    const calls = Array.from({ length: 100 }, (_, at) => lab.set(`a${at}`, 'elsewhere'))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['stored']))
    expect(await lab.held('b', 'a99')).toBe('elsewhere')
    expect(lab.dials.get('a')).toBe(1)
  })

  it('keeps the order of the commands for a key, also of those that hearing of it sets off', async () => {
    const later: Promise<unknown>[] = []
    const lab: Lab = await Lab.start({
      options: { retryAttempts: 0 },
      observing: { serverDown: () => void later.push(lab.set('a1', 'newer')) },
    })
    lab.cut('a')
    expect(await lab.set('a1', 'older')).toBe('stored')
    await until(() => later.length === 1, 'it was told')
    await Promise.all(later)
    expect(await lab.held('b', 'a1')).toBe('newer')
  })

  it('sends what may be repeated to the next server when an idle connection turns out dead', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'there')
    const write = lab.set('a2', 'elsewhere')
    lab.cut('a')
    expect(await write).toBe('stored')
    expect(await lab.held('b', 'a2')).toBe('elsewhere')
  })
})

describe('failover gutter', () => {
  const setup = { names: ['a', 'b'], gutter: ['g', 'h'], options: { failover: 'gutter', gutterTtl: 10 } } as const

  it('sends the keys of a server that is out to the gutter, and nothing at all while all is well', async () => {
    const lab = await Lab.start(setup)
    await lab.set('a1', 'x')
    expect(lab.dials.has('g')).toBe(false)
    await lab.fail('a')
    await lab.set('a1', 'y')
    expect(await lab.held('g', 'a1')).toBe('y')
    expect(await lab.get('a1')).toBe('y')
    expect(await lab.get('b1')).toBe('miss')
    expect(lab.cluster.serverFor('a1')?.name).toBe('g')
    expect(lab.cluster.servers.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('lets nothing live longer than gutterTtl there', async () => {
    const lab = await Lab.start(setup)
    await lab.fail('a')
    await lab.set('a1', 'x')
    await lab.set('a2', 'x', 5)
    expect(Number(await lab.ttl('g', 'a1'))).toBeLessThanOrEqual(10)
    expect(Number(await lab.ttl('g', 'a1'))).toBeGreaterThan(0)
    expect(Number(await lab.ttl('g', 'a2'))).toBeLessThanOrEqual(5)
  })

  it('turns to the next server of the gutter while one of those is out', async () => {
    const lab = await Lab.start(setup)
    await lab.fail('a')
    lab.cut('g')
    expect(await lab.set('a1', 'x')).toBe('stored')
    expect(await lab.held('h', 'a1')).toBe('x')
  })

  it('serves a single server as well', async () => {
    const lab = await Lab.start({ ...setup, names: ['a'] })
    await lab.fail('a')
    await lab.set('a1', 'x')
    expect(await lab.held('g', 'a1')).toBe('x')
  })
})

describe('one server alone', () => {
  it('is left to its pool: no health, no failing fast beyond the backoff between attempts', async () => {
    const lab = await Lab.start({ names: ['a'] })
    await lab.set('a1', 'x')
    lab.cut('a')
    await rejection(lab.get('a1'))
    expect(lab.clock.delays).toEqual([])
    lab.heal('a')
    expect(await eventually(() => lab.get('a1'))).toBe('x')
    expect(lab.events).toEqual([])
  })

  it('does not say of a command that was on a connection before that it was never sent', async () => {
    const lab = await Lab.start({ names: ['a'] })
    lab.cut('a')
    await eventually(async () => {
      await rejection(lab.get('a1'))
      expect(lab.state('a')).toBe('down')
    })
    // Unless it is being dialed again just then.
    await eventually(async () => {
      const again = lab.run(GET, 'a1', (operation) => {
        operation.repeated = true
      })
      expect(await rejection(again)).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'unknown' })
    })
  })
})

describe('membership', () => {
  it('keeps the connections of the servers that stay', async () => {
    const lab = await Lab.start({}, ['d'])
    await Promise.all(['a1', 'b1', 'c1'].map((key) => lab.get(key)))
    void lab.cluster.replace(['a', 'b', 'c', 'd'].map(server))
    await Promise.all(['a1', 'b1', 'c1', 'd1'].map((key) => lab.get(key)))
    expect(Object.fromEntries(lab.dials)).toEqual({ a: 1, b: 1, c: 1, d: 1 })
  })

  it('lets a server that goes finish what it has', async () => {
    const lab = await Lab.start()
    const calls = Array.from({ length: 100 }, (_, at) => lab.set(`c${at}`, 'x'))
    const drained = lab.cluster.replace(['a', 'b'].map(server))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['stored']))
    await drained
    expect(await lab.held('c', 'c99')).toBe('x')
    expect(lab.cluster.servers.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('never asks a removed server again, not even by a probe', async () => {
    const lab = await Lab.start()
    await lab.fail('c')
    await lab.cluster.replace(['a', 'b'].map(server))
    const dials = lab.dials.get('c')
    lab.heal('c')
    expect(lab.clock.delays).toEqual([])
    await Promise.all(['a1', 'b1', 'c1'].map((key) => lab.get(key)))
    expect(lab.dials.get('c')).toBe(dials)
  })

  it('connects anew where the address behind a name has changed', async () => {
    const lab = await Lab.start()
    await lab.get('a1')
    void lab.cluster.replace([parseServerSpec({ name: 'a', host: 'elsewhere.test' }), server('b'), server('c')])
    await lab.get('a1')
    expect(lab.dials.get('a')).toBe(2)
  })

  it('fails at once when there is no server left, and goes on when there is one again', async () => {
    const lab = await Lab.start()
    await lab.cluster.replace([])
    expect(await rejection(lab.get('a1'))).toMatchObject({ code: 'MEMLANE_SERVER_DOWN' })
    void lab.cluster.replace([server('a')])
    expect(await lab.get('a1')).toBe('miss')
  })

  it('gives the distribution the router of the list before', async () => {
    const made: Router[] = []
    const given: (Router | undefined)[] = []
    const distribution: Distribution = (servers, previous) => {
      given.push(previous)
      made.push(byLetter(servers))
      return made.at(-1)!
    }
    const lab = await Lab.start({ options: { distribution } })
    for (const names of [['a', 'b'], [], ['a', 'c']]) await lab.cluster.replace(names.map(server))
    expect(given).toEqual([undefined, made[0], undefined])
  })

  it('goes on with the old servers when the distribution refuses the new ones', async () => {
    const lab = await Lab.start({
      options: {
        distribution: (servers) => {
          if (servers.length === 2) throw new Error('never two')
          return { pick: () => 0, order: () => [0] }
        },
      },
    })
    expect(() => lab.cluster.replace(['a', 'b'].map(server))).toThrow('never two')
    expect(await lab.get('a1')).toBe('miss')
    expect(lab.cluster.servers).toHaveLength(3)
  })

  it('counts a server that goes while it is out no longer', async () => {
    const lab = await Lab.start({ names: ['a', 'b', 'c'] })
    await lab.fail('a')
    await lab.cluster.replace(['b', 'c'].map(server))
    // The first of two now is b.
    lab.cut('b')
    await lab.get('a1').catch(() => undefined)
    await until(() => lab.state('b') === 'suspect', 'b is out')
    await lab.set('a1', 'x')
    expect(await lab.held('c', 'a1')).toBe('x')
  })

  it('leaves the last server to its pool, and watches it again when it has company', async () => {
    const lab = await Lab.start({ names: ['a', 'b'] })
    await lab.fail('a')
    await lab.cluster.replace([server('a')])
    lab.heal('a')
    expect(await eventually(() => lab.get('a1'))).toBe('miss')
    expect(lab.state('a')).toBe('up')
    await lab.cluster.replace(['a', 'b'].map(server))
    await lab.fail('a')
    expect(lab.state('a')).toBe('suspect')
  })

  it('has the last server forget what was written elsewhere before it is left to its pool', async () => {
    const lab = await Lab.start({ names: ['a', 'b'] })
    await lab.set('a1', 'old')
    await lab.fail('a')
    await lab.set('a1', 'new')
    await lab.cluster.replace([server('a')])
    lab.heal('a')
    expect(await rejection(lab.get('a1'))).toMatchObject({ code: 'MEMLANE_SERVER_DOWN' })
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('miss')
    lab.cut('a')
    await rejection(lab.get('a1'))
    expect(lab.clock.delays).toEqual([])
  })

  it('sends the commands of a server that is down when it gets company to that company', async () => {
    const lab = await Lab.start({ names: ['a'] }, ['b'])
    lab.cut('a')
    await eventually(async () => {
      await rejection(lab.get('a1'))
      expect(lab.state('a')).toBe('down')
    })
    void lab.cluster.replace(['a', 'b'].map(server))
    expect(await lab.get('a1')).toBe('miss')
  })

  it.each(['close', 'destroy'] as const)('%s ends with servers that are on their way out', async (end) => {
    const lab = await Lab.start({ connection: { timeoutMs: 60_000 } })
    lab.delay('c', 0)
    await lab.get('c1')
    lab.hold('c')
    const call = lab.get('c1')
    void lab.cluster.replace(['a', 'b'].map(server))
    if (end === 'destroy') {
      lab.cluster.destroy(new ClosedError('the client is closed', { delivery: 'not-sent' }))
      expect(await rejection(call)).toMatchObject({ code: 'MEMLANE_CLOSED' })
    } else {
      const order: string[] = []
      const ends = [call.finally(() => order.push('call')), lab.cluster.close().finally(() => order.push('close'))]
      lab.release('c')
      await Promise.all(ends)
      expect(order).toEqual(['call', 'close'])
    }
  })
})

describe('under fake timers', () => {
  it('commands leave all the same', async () => {
    const lab = await Lab.start()
    await Promise.all(['a1', 'b1', 'c1'].map((key) => lab.get(key)))
    vi.useFakeTimers({ toFake: ['setImmediate'] })
    onTestFinished(() => void vi.useRealTimers())
    expect(await lab.set('a1', 'x')).toBe('stored')
  })
})
