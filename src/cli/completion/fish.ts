import type { CompletedOption, CompletedValue, CompletionModel } from './completion-model.ts'

/** Returns the completion script of fish. */
export function fishScript({ commands, shared }: CompletionModel): string {
  const named = (kind: string): string[] =>
    commands.filter(({ shared: own }) => own === kind).flatMap(({ names }) => names)
  return `${[
    '# Completion of memlane for fish: memlane completion fish | source',
    'complete -c memlane -f',
    'complete -c memlane -s h -l help -d "show the help"',
    ...commands.flatMap(({ names, summary }) =>
      names.map((name) => `complete -c memlane -n __fish_use_subcommand -a ${name} -d ${quoteFish(summary)}`),
    ),
    ...optionLines(named('client'), shared.client),
    ...optionLines(named('output'), shared.output),
    ...commands.flatMap(({ names, options, argument }) => [
      ...optionLines(names, options),
      ...(typeof argument === 'string' ? [] : [`complete -c memlane -n ${seen(names)}${valueWords(argument)}`]),
    ]),
  ].join('\n')}\n`
}

function optionLines(commands: readonly string[], options: readonly CompletedOption[]): string[] {
  if (commands.length === 0) return []
  return options.map(({ long, short, help, value }) => {
    const letter = short === undefined ? '' : ` -s ${short.slice(1)}`
    const words = value === undefined ? '' : valueWords(value)
    return `complete -c memlane -n ${seen(commands)}${letter} -l ${long.slice(2)}${words} -d ${quoteFish(help)}`
  })
}

function seen(commands: readonly string[]): string {
  return quoteFish(`__fish_seen_subcommand_from ${commands.join(' ')}`)
}

function valueWords(value: CompletedValue): string {
  if (value === 'file') return ' -r -F'
  return value === 'any' ? ' -x' : ` -x -a ${quoteFish(value.join(' '))}`
}

function quoteFish(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
