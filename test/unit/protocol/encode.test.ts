import { describe, expect, it } from 'vitest'
import type { ClassicRequest } from '../../../src/protocol/classic-request.ts'
import { encodeMetaCommand } from '../../../src/protocol/meta/encode.ts'
import { DELETE, GET, GETS, NOOP, VERSION } from '../../../src/protocol/request.ts'
import { encodeTextCommand } from '../../../src/protocol/text/encode.ts'

const store = { data: 'value', bytes: 5, clientFlags: 0, exptime: 0, cas: 0n } as const
const requests: readonly (readonly [request: ClassicRequest, text: string, meta: string])[] = [
  [GET, 'get k', 'mg k v f c O7'],
  [GETS, 'gets k', 'mg k v f c O7'],
  [{ command: 'set', ...store }, 'set k 0 0 5', 'ms k 5 O7'],
  [{ command: 'set', ...store, clientFlags: 32, exptime: 60 }, 'set k 32 60 5', 'ms k 5 T60 F32 O7'],
  [{ command: 'add', ...store }, 'add k 0 0 5', 'ms k 5 ME O7'],
  [
    { command: 'cas', ...store, cas: 2n ** 64n - 1n },
    'cas k 0 0 5 18446744073709551615',
    'ms k 5 C18446744073709551615 O7',
  ],
  [{ command: 'replace', ...store }, 'replace k 0 0 5', 'ms k 5 MR O7'],
  [{ command: 'append', ...store }, 'append k 0 0 5', 'ms k 5 MA O7'],
  [{ command: 'prepend', ...store }, 'prepend k 0 0 5', 'ms k 5 MP O7'],
  [DELETE, 'delete k', 'md k O7'],
  [{ command: 'incr', delta: 2n ** 64n - 1n }, 'incr k 18446744073709551615', 'ma k D18446744073709551615 v O7'],
  [{ command: 'decr', delta: 1n }, 'decr k 1', 'ma k MD D1 v O7'],
  [{ command: 'touch', exptime: 9 }, 'touch k 9', 'mg k T9 c s f O7'],
]

describe('a request', () => {
  it.each(requests.map(([request, text, meta]) => [text, meta, request] as const))(
    '%s is %s in meta',
    (text, meta, request) => {
      expect(encodeTextCommand(request, 'k', false)).toBe(`${text}\r\n`)
      expect(encodeMetaCommand(request, 'k', false, 7, false)).toBe(`${meta}\r\n`)
    },
  )

  it('touch is classic when it is quiet, so that it takes no win token', () => {
    const touch = { command: 'touch', exptime: 9 } as const
    expect(encodeMetaCommand(touch, 'k', false, 7, true)).toBe('touch k 9 noreply\r\n')
    expect(encodeMetaCommand(touch, 'aw==', true, 7, true)).toBe('mg aw== b T9 c s f q O7\r\n')
  })

  it.each(requests.slice(2, -1).map(([request, text, meta]) => [text, meta, request] as const))(
    '%s says so when it is quiet',
    (text, meta, request) => {
      expect(encodeTextCommand(request, 'k', true)).toBe(`${text} noreply\r\n`)
      expect(encodeMetaCommand(request, 'k', false, 7, true)).toBe(
        `${meta.replace(' v O7', ' O7').replace(' O7', ' q O7')}\r\n`,
      )
    },
  )

  it('marks a base64 key', () => {
    expect(encodeMetaCommand(GET, 'AQI=', true, 1, false)).toBe('mg AQI= b v f c O1\r\n')
    expect(encodeMetaCommand({ command: 'set', ...store }, 'AQI=', true, 1, false)).toBe('ms AQI= 5 b O1\r\n')
  })

  it('without a key is one word', () => {
    for (const request of [VERSION, NOOP]) expect(encodeTextCommand(request, '', false)).toBe('version\r\n')
    expect(encodeMetaCommand(VERSION, '', false, 0, false)).toBe('version\r\n')
    expect(encodeMetaCommand(NOOP, '', false, 0, false)).toBe('mn\r\n')
  })
})
