import { describe, expect, it } from 'vitest'
import { ServerDownError } from '../../../src/errors.ts'
import type { Operation } from '../../../src/protocol/operation.ts'
import { DELETE, GET, type Request } from '../../../src/protocol/request.ts'
import { rejection, until } from '../../support/eventually.ts'
import { Lab, type LabSetup } from './lab.ts'

const add: Request = { command: 'add', data: '7', bytes: 1, clientFlags: 0, exptime: 0, cas: 0n }
const incr: Request = { command: 'incr', delta: 1n }

function homeOnly(operation: Operation): void {
  operation.homeOnly = true
}

function routed(operation: Operation): void {
  operation.routingKey = 'a'
  operation.homeOnly = true
}

const failovers: readonly (readonly [name: string, setup: LabSetup])[] = [
  ['none', { options: { failover: 'none' } }],
  ['next', {}],
  ['next, with several connections', { connections: 3 }],
  ['gutter', { gutter: ['g'], options: { failover: 'gutter' } }],
]

describe.each(failovers)('a command that only its own server may carry out, failover %s', (_name, setup) => {
  it('fails while that server is out, unsent, and comes to no other', async () => {
    const lab = await Lab.start(setup)
    await lab.set('a-number', '5')
    await lab.fail('a')
    for (const request of [GET, add, incr, DELETE]) {
      const error = await rejection(lab.run(request, 'a-number', homeOnly))
      expect(error).toBeInstanceOf(ServerDownError)
      expect(error).toMatchObject({ server: 'a', delivery: 'not-sent' })
      expect(error.message).toContain('a is down: ')
    }
    for (const name of ['b', 'c', ...(setup.gutter ?? [])]) expect(await lab.held(name, 'a-number')).toBeUndefined()
    await lab.recover('a')
    expect(await lab.run(GET, 'a-number', homeOnly)).toBe('5')
  })

  it('goes by its routing key', async () => {
    const lab = await Lab.start(setup)
    await lab.fail('a')
    expect(await rejection(lab.run(GET, 'b-number', routed))).toBeInstanceOf(ServerDownError)
    expect(await lab.run(GET, 'b-number', homeOnly)).toBe('miss')
  })

  it('moves to no other when its connection cannot be made, or is lost', async () => {
    const lab = await Lab.start(setup)
    lab.cut('a')
    expect(await rejection(lab.run(add, 'a-number', homeOnly))).toMatchObject({ server: 'a', delivery: 'not-sent' })
    await until(() => lab.state('a') !== 'up', 'a is out')
    await lab.recover('a')
    await lab.set('a-number', '5')
    lab.cut('a')
    // Found dead only when it is written to: a read may be repeated, and finds nobody to repeat it.
    await rejection(lab.run(GET, 'a-number', homeOnly))
    await rejection(lab.run(incr, 'a-number', homeOnly))
    for (const name of ['b', 'c', ...(setup.gutter ?? [])]) expect(await lab.held(name, 'a-number')).toBeUndefined()
    expect(await lab.held('a', 'a-number')).toBe('5')
  })
})

it('goes to the next server where its own was removed for good', async () => {
  const lab = await Lab.start()
  await lab.fail('a')
  const rest = lab.cluster.addresses.slice(1)
  await lab.cluster.replace(rest)
  expect(await lab.run(add, 'a-number', homeOnly)).toBe('stored')
})
