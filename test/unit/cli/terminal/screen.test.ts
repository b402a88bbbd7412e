import { describe, expect, it } from 'vitest'
import { Output } from '../../../../src/cli/output.ts'
import { Progress } from '../../../../src/cli/terminal/progress.ts'
import { Screen } from '../../../../src/cli/terminal/screen.ts'
import { TestHost } from '../terminal-host.ts'

/** A screen that is open, what it wrote since the last look, and the keys that came. */
class OpenScreen {
  readonly host: TestHost = new TestHost({ columns: 20, rows: 3 })
  readonly screen: Screen = new Screen({ host: this.host })
  readonly keys: string[] = []
  #seen = 0

  constructor() {
    this.screen.open((key) => this.keys.push(key))
  }

  get written(): string {
    const text = this.host.stdout.text.slice(this.#seen)
    this.#seen += text.length
    return text
  }
}

describe('a screen', () => {
  it('writes the lines that have changed, and no others', () => {
    const open = new OpenScreen()
    expect(open.written).toContain('\u001b[?1049h')
    open.screen.paint(['a', 'b'])
    expect(open.written).toBe('\u001b[1;1Ha\u001b[0m\u001b[K\u001b[2;1Hb\u001b[0m\u001b[K')
    open.screen.paint(['a', 'c'])
    expect(open.written).toBe('\u001b[2;1Hc\u001b[0m\u001b[K')
    open.screen.paint(['a', 'c'])
    expect(open.written).toBe('')
    open.screen.paint([])
    expect(open.written).toBe('\u001b[1;1H\u001b[0m\u001b[K\u001b[2;1H\u001b[0m\u001b[K')
  })

  it('leaves out lines below its end, and paints anew when its size changes', () => {
    const open = new OpenScreen()
    open.screen.paint(['a', 'b', 'c', 'd'])
    expect(open.written).not.toContain('d')
    open.host.stdout.emit('resize')
    expect(open.written).toMatch(/\[2J.*a.*b.*c/s)
  })

  it.each([
    ['a', 'a'],
    ['A', 'A'],
    ['/', '/'],
    ['\u001b[A', 'up'],
    ['\r', 'return'],
    [' ', 'space'],
    ['\t', 'tab'],
    ['\u000c', 'ctrl-l'],
  ])('gives %j as %s', (bytes, key) => {
    const open = new OpenScreen()
    open.host.stdin.emit('keypress', undefined, {})
    open.host.stdin.write(bytes)
    open.host.stdin.read()
    expect(open.keys).toEqual([key])
    open.screen.close()
  })

  it('has 80 columns and 24 rows where the terminal does not know its size', () => {
    const screen = new Screen({ host: new TestHost({ columns: 0, rows: 0 }) })
    expect([screen.columns, screen.rows]).toEqual([80, 24])
  })

  it('takes Ctrl-C for an interrupt, and gives back the terminal', () => {
    const open = new OpenScreen()
    expect(open.host.isRaw).toBe(true)
    open.host.stdin.write('\u0003')
    open.host.stdin.read()
    expect([open.host.signal.aborted, open.keys]).toEqual([true, []])
    open.screen.close()
    expect(open.host.isRaw).toBe(false)
    expect(open.written).toMatch(/\[\?1049l$/)
    expect([open.host.stdin.listenerCount('keypress'), open.host.stdout.listenerCount('resize')]).toEqual([0, 0])
  })
})

describe('a line of progress', () => {
  it('is drawn ten times a second at most, and removed', async () => {
    const host = new TestHost({ columns: 40 })
    const err = new Output(host.stderr, () => undefined)
    let now = 0
    const progress = new Progress({ err }, () => now)
    progress.update('1 item', 0.25)
    progress.update('2 items', 0.5)
    now = 100
    progress.update('3 items')
    progress.end()
    progress.end()
    await err.end()
    expect(host.stderr.text).toBe(`\r\u001b[K${'█'.repeat(5).padEnd(20)} 25 %  1 item\r\u001b[K3 items\r\u001b[K`)
  })

  it('is not drawn where there is no terminal', async () => {
    const host = new TestHost()
    const err = new Output(host.stderr, () => undefined)
    const progress = new Progress({ err })
    progress.update('1 item')
    progress.end()
    await err.end()
    expect(host.stderr.text).toBe('')
  })
})
