import { describe, expect, it } from 'vitest'
import { encodeMetaCommand } from '../../../src/protocol/meta/encode.ts'
import { unsupportedFeature } from '../../../src/protocol/meta/feature.ts'
import type { MetaRequest } from '../../../src/protocol/meta/request.ts'
import { parseServerVersion } from '../../../src/protocol/server-version.ts'

const body = { data: 'value', bytes: 5 }

const lines: readonly (readonly [line: string, request: MetaRequest])[] = [
  ['mg k', { command: 'mg', flags: {} }],
  [
    'mg k E9 R10 T60 N30 C5 u v f c t l h s k',
    {
      command: 'mg',
      flags: {
        key: true,
        size: true,
        hitBefore: true,
        lastAccess: true,
        ttl: true,
        cas: true,
        clientFlags: true,
        value: true,
        noLruBump: true,
        unlessCas: 5n,
        touch: 60,
        recache: 10,
        vivify: 30,
        newCas: 9n,
      },
    },
  ],
  ['ms k 5', { command: 'ms', ...body, flags: {} }],
  ['ms k 5', { command: 'ms', ...body, flags: { mode: 'set', exptime: 0, clientFlags: 0 } }],
  [
    'ms k 5 MA T60 F32 N30 C7 E8 I c s k',
    {
      command: 'ms',
      ...body,
      flags: {
        mode: 'append',
        exptime: 60,
        clientFlags: 32,
        vivify: 30,
        compareCas: 7n,
        newCas: 8n,
        invalidate: true,
        cas: true,
        size: true,
        key: true,
      },
    },
  ],
  ['ms k 5 ME', { command: 'ms', ...body, flags: { mode: 'add' } }],
  ['ms k 5 MR', { command: 'ms', ...body, flags: { mode: 'replace' } }],
  ['ms k 5 MP', { command: 'ms', ...body, flags: { mode: 'prepend' } }],
  ['md k', { command: 'md', flags: {} }],
  [
    'md k I T30 C7 E8 x k',
    {
      command: 'md',
      flags: { invalidate: true, exptime: 30, compareCas: 7n, newCas: 8n, dropValue: true, key: true },
    },
  ],
  ['ma k', { command: 'ma', flags: {} }],
  [
    'ma k MD T60 N30 J5 D2 C7 E8 t c v k',
    {
      command: 'ma',
      flags: {
        mode: 'decr',
        vivify: 30,
        initial: 5n,
        delta: 2n,
        exptime: 60,
        compareCas: 7n,
        newCas: 8n,
        ttl: true,
        cas: true,
        value: true,
        key: true,
      },
    },
  ],
]

describe('a meta request', () => {
  it.each(lines)('is written as %s, what changes the item before what reports it', (line, request) => {
    expect(encodeMetaCommand(request, 'k', false, 7, false)).toBe(`${line} O7\r\n`)
    expect(encodeMetaCommand(request, 'aw==', true, 7, false)).toContain('aw==')
  })

  it.each(lines)('%s asks for silence before its opaque, and a quiet ma for no number', (line, request) => {
    expect(encodeMetaCommand(request, 'k', false, 7, true)).toBe(`${line.replace(/^(ma.*) v/, '$1')} q O7\r\n`)
  })

  it('me takes no flags', () => {
    expect(encodeMetaCommand({ command: 'me' }, 'k', false, 7, false)).toBe('me k\r\n')
    expect(encodeMetaCommand({ command: 'me' }, 'aw==', true, 7, false)).toBe('me aw== b\r\n')
  })
})

describe('a feature', () => {
  const gates: readonly (readonly [flag: string, since: string, before: string, request: MetaRequest])[] = [
    ['N of ms', '1.6.20', '1.6.19', { command: 'ms', ...body, flags: { mode: 'append', vivify: 30 } }],
    ['s of ms', '1.6.20', '1.6.19', { command: 'ms', ...body, flags: { size: true } }],
    ['E of mg', '1.6.27', '1.6.26', { command: 'mg', flags: { vivify: 1, newCas: 3n } }],
    ['E of ms', '1.6.27', '1.6.26', { command: 'ms', ...body, flags: { newCas: 3n } }],
    ['E of md', '1.6.27', '1.6.26', { command: 'md', flags: { invalidate: true, newCas: 3n } }],
    ['E of ma', '1.6.27', '1.6.26', { command: 'ma', flags: { newCas: 3n } }],
    ['x of md', '1.6.27', '1.6.26', { command: 'md', flags: { dropValue: true } }],
    ['C of mg', '1.6.40', '1.6.39', { command: 'mg', flags: { unlessCas: 3n } }],
  ]

  it.each(gates)('%s is there from %s on and not in %s', (_flag, since, before, request) => {
    expect(unsupportedFeature(request, parseServerVersion(since), false)).toBeUndefined()
    expect(unsupportedFeature(request, parseServerVersion(before), false)).toContain(since)
  })

  it('me does not find binary keys from 1.6.40 on', () => {
    expect(unsupportedFeature({ command: 'me' }, parseServerVersion('1.6.39'), true)).toBeUndefined()
    expect(unsupportedFeature({ command: 'me' }, parseServerVersion('1.6.40'), true)).toContain('1.6.40')
    expect(unsupportedFeature({ command: 'me' }, parseServerVersion('1.6.45'), false)).toBeUndefined()
  })

  it.each(lines.slice(0, 1))('needs no version where %s has no flags', (_line, request) => {
    expect(unsupportedFeature(request, parseServerVersion('1.6.10'), false)).toBeUndefined()
  })
})
