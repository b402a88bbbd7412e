import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { explainListenError } from '../../../src/cli/listen-error.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import type { MemcachedServerOptions } from '../../../src/server/server-options.ts'

function refusal(code: string): Error {
  return Object.assign(new Error(`listen ${code}`), { code })
}

describe('why a server could not start', () => {
  it.each<[code: string, options: MemcachedServerOptions, text: string]>([
    ['EACCES', { port: 80 }, 'port 80 on 127.0.0.1 is not allowed for this user; choose a port above 1023 with --port'],
    ['EADDRINUSE', { path: '/a' }, '/a exists; remove it if no server uses it, or choose another with --socket'],
    ['ENOTFOUND', { host: 'no' }, 'no is no address of this machine; choose another with --host'],
    ['ENAMETOOLONG', { path: '/a' }, 'listen ENAMETOOLONG'],
  ])('%s of %j', (code, options, text) => {
    expect(explainListenError(refusal(code), options)).toBe(text)
  })

  it('tells a folder that is not there from one that may not be written', () => {
    const folder = inject('temporaryFolder')
    const [there, nowhere] = [join(folder, 'a.sock'), join(folder, 'nowhere', 'a.sock')]
    expect(explainListenError(refusal('EACCES'), { path: there })).toBe(
      `${there} is not allowed for this user; choose another folder with --socket`,
    )
    expect(explainListenError(refusal('EACCES'), { path: nowhere })).toContain('nowhere, which does not exist')
  })

  it.each([
    ['option maxItemBytes must be small', '--max-item-size must be small'],
    ['option auth must have a password, in one line', 'a login must have a password, in one line'],
    ['option unheardOf must be known', 'option unheardOf must be known'],
  ])('%j is told as %j', (message, text) => {
    expect(explainListenError(new InvalidInputError(message), {})).toBe(text)
  })
})
