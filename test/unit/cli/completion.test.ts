import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { kebabCase } from '../../../src/cli/option-name.ts'
import { COMMANDS } from '../../../src/cli/registry.ts'
import { runCommand } from './terminal-host.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

function pathOf(shell: string): string {
  return join(inject('temporaryFolder'), `completion.${shell}`)
}

beforeAll(async () => {
  for (const shell of SHELLS) writeFileSync(pathOf(shell), (await runCommand(['completion', shell])).output)
})

/** What bash offers for the last of these words. */
function bashOffers(...words: string[]): string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _memlane; printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['-c', script, 'bash', pathOf('bash'), 'memlane', ...words], { encoding: 'utf8' })
  return output.split('\n').filter((word) => word !== '')
}

describe('completion in bash', () => {
  it.each<[words: string[], offered: string[]]>([
    [['ge'], ['get', 'gets']],
    [['sc'], ['scan']],
    [
      ['-s', 'host', 'ge'],
      ['get', 'gets'],
    ],
    [['set', 'a', 'b', '--tt'], ['--ttl']],
    [['set', 'a', 'b', '--tls-s'], ['--tls-servername']],
    [
      ['get', '--serde', 'py'],
      ['pymemcache', 'pylibmc', 'python-memcached'],
    ],
    [['serve', '--dialect', 'e'], ['elasticache-serverless']],
    [['serve', '--tls-s'], []],
    [
      ['serve', '--p'],
      ['--port', '--password', '--prefix-delimiter'],
    ],
    [['get', '--server', '--'], []],
    [['completion', 'z'], ['zsh']],
    [['help', 'plan'], ['plan']],
    [['--ver'], ['--version']],
  ])('of %j offers %j', (words, offered) => {
    expect(bashOffers(...words)).toEqual(offered)
  })

  it('offers every command and option', async () => {
    expect(bashOffers('')).toEqual(COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
    for (const entry of COMMANDS) {
      const offered = bashOffers(entry.name, '--')
      for (const name of Object.keys((await entry.load()).options)) expect(offered).toContain(`--${kebabCase(name)}`)
    }
  })

  it('offers files where an option takes one', () => {
    expect(bashOffers('get', '--tls-ca', '/et')).toEqual(['/etc'])
  })
})

it.each(['zsh', 'fish'] as const)(
  'the script of %s has every command, and is no syntax error where there is one',
  async (shell) => {
    const { output, exitCode } = await runCommand(['completion', shell])
    expect(exitCode).toBe(0)
    for (const { name } of COMMANDS) expect(output).toMatch(new RegExp(`\\b${name}\\b`))
    const { error, status, stderr } = spawnSync(shell, ['-n', pathOf(shell)], { encoding: 'utf8' })
    if (error === undefined) expect([status, stderr]).toEqual([0, ''])
  },
)

it('a shell that is not known is refused', async () => {
  expect(await runCommand(['completion', 'fihs'])).toEqual({
    exitCode: 2,
    output: '',
    errors: 'memlane: <shell> must be bash, zsh or fish, got fihs; did you mean fish?\n',
  })
})
