import { type CompletedOption, type CompletedValue, type CompletionModel, quote } from './completion-model.ts'

/** Returns the completion script of zsh. */
export function zshScript({ commands, shared }: CompletionModel): string {
  const described = commands.flatMap(({ names, summary }) =>
    names.map((name) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`),
  )
  const cases = commands.map(({ names, options, shared: kind, argument }) => {
    const own = options.map((option) => ` \\\n        ${specOf(option)}`).join('')
    const rest = kind === 'none' ? '' : ` "\${${kind}[@]}"`
    return `      ${names.join('|')}) _arguments${rest}${own} ${quote(`*:argument:${action(argument)}`)} ;;`
  })
  return `#compdef memlane
# Completion of memlane for zsh: eval "$(memlane completion zsh)"
_memlane() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands client output
  commands=(
${described.join('\n')}
  )
  client=(
${shared.client.map((option) => `    ${specOf(option)}`).join('\n')}
  )
  output=(
${shared.output.map((option) => `    ${specOf(option)}`).join('\n')}
  )
  _arguments -C "\${client[@]}" '--version[show the version of memlane]' '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}
compdef _memlane memlane
`
}

/** `'(-s --server)'{-s,--server}'[help]:value:action'` */
function specOf({ long, short, help, value }: CompletedOption): string {
  const text = help.replaceAll(/[[\]\\]/g, String.raw`\$&`)
  const facts = `[${text}]${value === undefined ? '' : `:value:${action(value)}`}`
  return short === undefined ? quote(`*${long}${facts}`) : `'*'{${short},${long}}${quote(facts)}`
}

function action(value: CompletedValue): string {
  if (value === 'file') return '_files'
  return value === 'any' ? ' ' : `(${value.join(' ')})`
}
