import { describe, expect, it } from 'vitest'
import { checkRawBody } from '../../../src/client/raw-body.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { raw } from '../../../src/serde/raw.ts'
import { rejection } from '../../support/eventually.ts'
import { faultClient } from '../../support/fault-client.ts'
import { patient } from '../../support/memcache-options.ts'
import { startMemcached } from '../../support/real-memcached.ts'

describe('a command line and its body', () => {
  it.each([
    ['set k 0 0 5', 5],
    ['set k 0 0 5 noreply', 5],
    ['add k 0 0 0', 0],
    ['replace k 0 0 1', 1],
    ['append k 0 0 1', 1],
    ['prepend k 0 0 1', 1],
    ['cas k 0 0 12 7', 12],
    ['cas k 0 0 12 7 noreply', 12],
    ['ms k 3', 3],
    ['ms k 3 T0 c I', 3],
    ['  set  k 0 0  5', 5],
    ['put k 5', 5],
    ['version', undefined],
    ['get k', undefined],
    ['set k', undefined],
  ])('agree: %j with %j bytes', (line, bytes) => {
    expect(() => checkRawBody(line, bytes)).not.toThrow()
  })

  it.each([
    ['get k', 11],
    ['version', 0],
    ['mg k v', 4],
    ['md k', 4],
    ['delete 11', 11],
    ['incr k 11', 11],
    ['touch k 11', 11],
    ['flush_all 11', 11],
    ['set k 0 0 4', 5],
    ['set k 0 0 6', 5],
    ['set k 0 0', 5],
    ['set k 0 0 -5', 5],
    ['set k 0 0 5x', 5],
    ['set k 0 0 1e1', 10],
    ['cas k 0 0 7 12', 12],
    ['ms k', 5],
    ['ms k S5', 5],
    ['ms k 4 T5', 5],
    ['put k', 5],
    ['put 5 k', 5],
    ['SET k 0 0 4', 5],
    ['set k 0 0 5', undefined],
    ['ms k 5', undefined],
  ])('do not: %j with %j bytes', (line, bytes) => {
    expect(() => checkRawBody(line, bytes)).toThrow(InvalidInputError)
  })
})

describe('the body of rawCommand', () => {
  it('is never executed as commands', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    await cache.set('k', 1)
    for (const line of ['get k', 'version', 'set other 0 0 2', 'nonsense']) {
      expect(await rejection(cache.rawCommand(line, { body: 'flush_all' }))).toBeInstanceOf(InvalidInputError)
    }
    expect(await cache.get('k')).toBe(1)
    expect((await cache.rawCommand('ms k 9', { body: 'flush_all' })).toString()).toBe('HD\r\n')
    expect(await cache.get('k', { serde: raw })).toEqual(Buffer.from('flush_all'))
  })
})
