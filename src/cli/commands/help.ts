import { nearestName } from '../../nearest-name.ts'
import { type Command, defineCommand } from '../command.ts'
import { commandHelp, optionsHelp, overviewHelp } from '../help-text.ts'
import { UsageError } from '../usage-error.ts'

/** `memlane help` */
export const help: Command = defineCommand({
  name: 'help',
  summary: 'Show the help of a command',
  arguments: {
    command: {
      help: 'name of a command, or options; without it the overview is shown',
      optional: true,
      complete: 'command',
    },
  },
  options: {},
  shared: 'none',
  examples: [
    { line: 'memlane help get', help: 'options and examples of get' },
    { line: 'memlane help options', help: 'options of all commands, with the names of serdes and distributions' },
    { line: 'memlane help', help: 'all commands' },
  ],
  async run({ out, style, commands }, { args: { command: name } }) {
    const layout = { width: out.columns, style }
    if (name === undefined) {
      out.write(overviewHelp(commands, layout))
      return
    }
    if (name === 'options') {
      out.write(optionsHelp(layout))
      return
    }
    const entry = commands.find((one) => one.name === name || one.aliases?.includes(name) === true)
    if (entry === undefined)
      throw unknownCommand(
        name,
        commands.map((one) => one.name),
      )
    out.write(commandHelp(await entry.load(), layout))
  },
})

function unknownCommand(name: string, names: readonly string[]): UsageError {
  const nearest = nearestName(name, names)
  return new UsageError(`there is no command ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`)
}
