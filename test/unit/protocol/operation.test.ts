import { describe, expect, it } from 'vitest'
import { Operation } from '../../../src/protocol/operation.ts'
import { Reply } from '../../../src/protocol/reply.ts'
import { GET, nameOfRequest, type Request, withoutData } from '../../../src/protocol/request.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'

const data = new Uint8Array(10)
const store: Request = { command: 'cas', data, bytes: 10, clientFlags: 1, exptime: 5, cas: 7n }

describe('an operation', () => {
  it.each([
    ['succeeds', (operation: Operation) => operation.succeed(1)],
    ['fails', (operation: Operation) => operation.fail(new Error('down'))],
    ['is answered', (operation: Operation) => operation.settle(new Reply())],
  ])('that %s tells once, forgets whom, and keeps its name', (_name, end) => {
    let told = 0
    const operation = new Operation(store, 'k', 'k', 1000, () => told++)
    operation.preparing = Promise.resolve()
    operation.resolve = () => told++
    operation.reject = operation.resolve
    const { resolve, interpret } = operation
    end(operation)
    const once = told
    expect(once).toBeGreaterThan(0)
    end(operation)
    expect(told).toBe(once)
    expect(operation.resolve).not.toBe(resolve)
    expect(operation.reject).toBe(operation.resolve)
    expect(operation.interpret).not.toBe(interpret)
    expect(operation.preparing).toBeUndefined()
    expect(operation.request).toMatchObject({ command: 'cas', data: '', bytes: 0 })
    expect(operation.describe()).toBe('cas "k"')
    expect(operation.bodyBytes).toBe(10)
  })

  it('that was given up takes no request that is made later', () => {
    const operation = new Operation(store, 'k', 'k', 1000, () => undefined)
    operation.fail(new Error('late'))
    operation.request = store
    expect(operation.request).not.toBe(store)
  })

  it('whose caller throws when it is told does not break off what told it', async () => {
    const crashes = collectCrashes()
    const error = new Error('in a callback of the caller’s')
    for (const end of ['succeed', 'fail'] as const) {
      const operation = new Operation(GET, 'k', 'k', 1000, () => undefined)
      operation.resolve = () => {
        throw error
      }
      operation.reject = operation.resolve
      operation[end](1)
      expect(operation.settled).toBe(true)
    }
    await turns()
    expect(crashes).toEqual([error, error])
  })
})

describe('a request without its data', () => {
  it.each<Request>([
    ...(['set', 'add', 'replace', 'append', 'prepend', 'cas'] as const).map(
      (command): Request => ({ command, data, bytes: 10, clientFlags: 0, exptime: 0, cas: 0n }),
    ),
    { command: 'ms', label: 'append', data, bytes: 10, flags: { mode: 'append' } },
    { command: 'ms', data, bytes: 10, flags: {} },
    { command: 'mg', label: 'touch', flags: { value: true } },
    GET,
  ])('keeps what messages and replies need ($command $label)', (request) => {
    const spent = withoutData(request)
    expect(nameOfRequest(spent)).toBe(nameOfRequest(request))
    expect(spent.command).toBe(request.command)
    expect(Object.values(spent)).not.toContain(data)
    if ('flags' in request) expect(spent).toMatchObject({ flags: request.flags })
  })
})
