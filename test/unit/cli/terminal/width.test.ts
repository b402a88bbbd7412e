import { describe, expect, it } from 'vitest'
import { escapeText } from '../../../../src/cli/terminal/escape.ts'
import { cutText, padText, textWidth } from '../../../../src/cli/terminal/width.ts'

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['user:1', 6],
    ['é', 1],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국어', 6],
    ['\u1112\u1161\u11ab', 2],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['👩‍💻', 2],
    ['🇩🇪', 2],
    ['❤', 1],
    ['❤️', 2],
    ['👍🏽', 2],
    ['1️⃣', 2],
    ['𠀀', 2],
    ['a\u200bb', 2],
    ['▓▒░█▁…', 6],
    ['ไทย', 3],
    ['\u001b[31mred\u001b[0m', 3],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it('is kept when a text is cut or filled up', () => {
    expect(cutText('日本語', 5)).toBe('日本…')
    expect(cutText('日本語', 4)).toBe('日…')
    expect(cutText('user:1', 6)).toBe('user:1')
    expect(cutText('user:1', 0)).toBe('')
    expect(padText('日本', 6)).toBe('日本  ')
    expect(padText('日本', 6, 'right')).toBe('  日本')
  })
})

describe('text of others', () => {
  it.each([
    ['a\u001b[2Jb', 'a\\e[2Jb'],
    ['a\r\n\tb\0', 'a\\r\\n\\tb\\0'],
    ['\u0007\u007f\u009b', '\\x07\\x7f\\x9b'],
    ['abc\u202etxt', 'abc\\u202etxt'],
    ['\ud800', '\\ud800'],
    ['日本 🚀 é', '日本 🚀 é'],
  ])('%j reaches the terminal as %j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped)
  })

  it('may keep line feeds', () => {
    expect(escapeText('a\n\u001bb', '\n\t')).toBe('a\n\\eb')
  })
})
