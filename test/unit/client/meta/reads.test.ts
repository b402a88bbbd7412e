import { once } from 'node:events'
import { expect, it } from 'vitest'
import type { CommandErrorEvent } from '../../../../src/client/events.ts'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { freePort } from '../../../support/free-port.ts'
import { Gate } from '../../../support/gate.ts'
import { patient } from '../../../support/memcache-options.ts'

it('a MetaClient tells of older clusters that fail', async () => {
  await using server = await MemcachedServer.start()
  const meta = new MetaClient(server.address, { ...patient, fallback: [[`127.0.0.1:${await freePort()}`]] })
  const told = once(meta, 'commandError') as Promise<[CommandErrorEvent]>
  expect(await meta.get('k')).toMatchObject({ status: 'miss' })
  const [event] = await told
  expect(event).toMatchObject({ key: 'k', error: { name: 'ConnectError' } })
  meta.destroy()
})

it('a MetaClient finds no value where a client in text mode is loading one', async () => {
  await using server = await MemcachedServer.start()
  const cache = faultClient(server.address, { ...patient, protocol: 'text' })
  const meta = new MetaClient(server.address, patient)
  const [started, gate] = [new Gate(), new Gate()]
  const load = async (): Promise<string> => {
    started.open()
    await gate.opened
    return 'loaded'
  }
  const call = cache.getOrSet('k', load)
  await started.opened
  expect(await meta.get('k')).toMatchObject({ status: 'hit', value: undefined })
  expect(await meta.get('k', { vivify: 5 })).toMatchObject({ status: 'hit', value: undefined, won: false })
  gate.open()
  expect(await call).toBe('loaded')
  expect(await meta.get('k')).toMatchObject({ status: 'hit', value: 'loaded' })
  meta.destroy()
})

it('a pipeline tells of a value that cannot be decompressed on the thread pool', async () => {
  await using server = await MemcachedServer.start()
  const meta = new MetaClient(server.address, { ...patient, compression: { asyncBytes: 100 } })
  const zlibFlag = 8
  await meta.set('k', 'no zlib data '.repeat(100), { clientFlags: zlibFlag, compression: false })
  const [bad, good] = await meta.pipeline().get('k', { opaque: 'mine' }).get('nope').run()
  expect(bad).toMatchObject({ status: 'failed', error: { name: 'SerdeError' }, opaque: 'mine' })
  expect(good).toEqual({ status: 'miss' })
  meta.destroy()
})
