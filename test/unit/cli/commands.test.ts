import { describe, expect, it } from 'vitest'
import type { Command } from '../../../src/cli/command.ts'
import { commandHelp } from '../../../src/cli/help-text.ts'
import { kebabCase } from '../../../src/cli/option-name.ts'
import { parseWords } from '../../../src/cli/parse-words.ts'
import { COMMANDS } from '../../../src/cli/registry.ts'
import { sharedOptions } from '../../../src/cli/shared-options.ts'
import { PLAIN } from '../../../src/cli/terminal/style.ts'
import { runCommand } from './terminal-host.ts'

const commands: readonly Command[] = await Promise.all(COMMANDS.map((entry) => entry.load()))

/** Words of the command in a line of a shell: without what stands before it, and behind a pipe or a redirection. */
function wordsOf(line: string, name: string): string[] {
  const [part = ''] = line.slice(line.indexOf(`memlane ${name}`)).split(/ (?:[|<>]|&&) |\)/)
  return [...part.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!)
}

describe.each(commands.map((command) => [command.name, command] as const))('memlane %s', (name, command) => {
  it('is in the registry with its own summary', () => {
    expect(COMMANDS.find((entry) => entry.name === name)?.summary).toBe(command.summary)
    expect(command.summary).toMatch(/^[A-Z][^.]*$/)
  })

  it('has examples, and each is a command line that it takes', () => {
    expect(command.examples.length).toBeGreaterThan(0)
    const options = { ...command.options, ...sharedOptions(command.shared) }
    for (const { line } of command.examples) {
      const [program, , ...words] = wordsOf(line, name)
      expect(program).toBe('memlane')
      expect(() => parseWords(words, { help: '', arguments: command.arguments, options })).not.toThrow()
    }
  })

  it('has no option twice, and no letter twice', () => {
    const shared = sharedOptions(command.shared)
    const names = [...Object.keys(command.options), ...Object.keys(shared), 'help']
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
    const specs = [...Object.values(command.options), ...Object.values(shared)]
    const letters = ['h', ...specs.flatMap(({ short }) => (short === undefined ? [] : [short]))]
    expect(letters.toSorted()).toEqual([...new Set(letters)].toSorted())
  })

  it('shows every option and argument in its help, in lines of at most 80 columns', () => {
    const help = commandHelp(command, { width: 80, style: PLAIN })
    const options = [...Object.keys(command.options), ...Object.keys(sharedOptions(command.shared))]
    for (const option of options) expect(help).toContain(`--${kebabCase(option)}`)
    for (const argument of Object.keys(command.arguments)) expect(help).toContain(`<${kebabCase(argument)}>`)
    const examples = new Set(command.examples.map(({ line }) => `  ${line}`))
    const long = help.split('\n').filter((line) => line.length > 80 && !examples.has(line))
    expect(long).toEqual([])
  })

  it('shows the same help for --help, -h and memlane help', async () => {
    const help = await runCommand(['help', name])
    expect(help.exitCode).toBe(0)
    expect(await runCommand([name, '--help'])).toEqual(help)
    expect(await runCommand([name, '-h', '--no-such-option'])).toEqual(help)
  })
})

it('the overview names every command', async () => {
  const { output } = await runCommand(['--help'])
  for (const { name, summary } of COMMANDS) expect(output).toMatch(new RegExp(`^  ${name}\\b.*${summary}$`, 'm'))
  expect((await runCommand(['help'])).output).toBe(output)
})
