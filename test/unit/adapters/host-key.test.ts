import { describe, expect, it } from 'vitest'
import { hostKey } from '../../../src/adapters/host-key.ts'

describe('hostKey', () => {
  it('gives each text a key of its own, lone surrogates and what stands for them included', () => {
    const long = 'x'.repeat(200)
    const texts = [
      'a\ud800',
      'a\ud801',
      'a\udc00',
      'a\ufffd',
      'a \ufffd',
      'a \ud800',
      long,
      `${long}\ud800`,
      `${long}\ufffd`,
    ]
    expect(new Set(texts.map(hostKey)).size).toBe(texts.length)
  })

  it('hashes text with UTF-8 as before', () => {
    expect(hostKey('two words')).toBe('~oD8dYRZF61OtFsGvVGygeS3IhFBbq1ft6A9NrWuRHTo')
  })
})
