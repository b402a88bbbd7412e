import { describe, expect, it } from 'vitest'
import { ClosedError, ConnectError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import { joinObservers, NO_OBSERVER, type Observing, withoutServers } from '../../../src/seam/observer.ts'
import { collectCrashes } from '../../support/crashes.ts'

const ERROR = new ConnectError('refused')
const get = new Operation(GET, 'k', 'k', 1000, () => undefined)

/** Notes what it is told under its own name. */
function noting(name: string, notes: string[]): Observing {
  return {
    serverDown: (server, error, failures) => notes.push(`${name}: ${server} down, ${error.message}, ${failures}`),
    serverUp: (server) => notes.push(`${name}: ${server} up`),
    failedOver: (_operation, from, to) => notes.push(`${name}: ${from} → ${to}`),
    writeFailed: (_operation, error) => notes.push(`${name}: ${error.message}`),
  }
}

describe('joined observers', () => {
  it('are told in their order, with the same arguments', () => {
    const notes: string[] = []
    const observer = joinObservers([noting('first', notes), {}, noting('second', notes)])
    observer.serverDown('a', ERROR, 2)
    observer.failedOver?.(get, 'a', 'b')
    expect(notes).toEqual(['first: a down, refused, 2', 'second: a down, refused, 2', 'first: a → b', 'second: a → b'])
  })

  it('hear only what they listen to', () => {
    const notes: string[] = []
    const observer = joinObservers([noting('all', notes), { serverUp: (server) => notes.push(`some: ${server} up`) }])
    observer.serverDown('a', ERROR, 1)
    observer.serverUp('a', 5, 0)
    observer.retried(get, 2, ERROR)
    expect(notes).toEqual(['all: a down, refused, 1', 'all: a up', 'some: a up'])
  })

  it('do not notice what another one throws, which is an uncaught exception of its own', async () => {
    const crashes = collectCrashes()
    const notes: string[] = []
    const thrown = new Error('an observer of ours')
    const throwing: Observing = {
      serverUp: () => {
        throw thrown
      },
    }
    joinObservers([throwing]).serverUp('a', 5, 0)
    joinObservers([throwing, noting('next', notes)]).serverUp('a', 5, 0)
    expect(notes).toEqual(['next: a up'])
    expect(crashes).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(crashes).toEqual([thrown, thrown])
  })
})

describe('without observers', () => {
  it('the default takes every event and cannot be changed', () => {
    expect(Object.isFrozen(NO_OBSERVER)).toBe(true)
    NO_OBSERVER.serverDown('a', ERROR, 2)
    NO_OBSERVER.streamOpened('a', {})
    NO_OBSERVER.unclaimedError(ERROR, [get])
  })

  it('all rare events share one function, and the frequent ones cost a check', () => {
    const { watchesWrites, failedOver, batchWritten, repliesReceived, ...rare } = NO_OBSERVER
    expect([watchesWrites, failedOver, batchWritten, repliesReceived]).toEqual(Array(4).fill(undefined))
    expect(new Set(Object.values(rare)).size).toBe(1)
  })

  it('joining none gives what the default is', () => {
    expect(joinObservers([])).toEqual(NO_OBSERVER)
  })

  it('of the frequent events, writing costs nothing either', () => {
    const observer = joinObservers([{ serverUp: () => undefined }])
    expect([observer.watchesWrites, observer.failedOver]).toEqual([undefined, undefined])
  })
})

describe('failed writes', () => {
  it('are watched while the only observer of them says so', () => {
    let watches = false
    const observer = joinObservers([{ writeFailed: () => undefined, watchesWrites: () => watches }])
    expect(observer.watchesWrites?.()).toBe(false)
    watches = true
    expect(observer.watchesWrites?.()).toBe(true)
  })

  it('are watched while one of several says so, and always for one that does not say', () => {
    const never: Observing = { writeFailed: () => undefined, watchesWrites: () => false }
    expect(joinObservers([never, never]).watchesWrites?.()).toBe(false)
    expect(joinObservers([never, { writeFailed: () => undefined }]).watchesWrites?.()).toBe(true)
  })

  it('are not watched for an observer that does not take them', () => {
    expect(joinObservers([{ watchesWrites: () => true }]).watchesWrites).toBeUndefined()
  })
})

it('the servers of an older cluster come and go unnoticed, and nothing else of it', () => {
  const notes: string[] = []
  const observing: Observing = {
    ...noting('client', notes),
    rejoinOverflow: () => notes.push('overflow'),
    serversChanged: () => notes.push('changed'),
    unclaimedError: (error) => notes.push(error.message),
  }
  const older = withoutServers(joinObservers([observing]))
  older.serverDown('a', ERROR, 2)
  older.serverUp('a', 5, 0)
  older.rejoinOverflow('a', 10)
  older.serversChanged(['a'], [])
  expect(notes).toEqual([])
  older.unclaimedError(new ClosedError('closed', { delivery: 'not-sent' }), [])
  expect(notes).toEqual(['closed'])
})
