import { type CompletedOption, type CompletionModel, quote } from './completion-model.ts'

/** Returns the completion script of bash. */
export function bashScript({ commands, shared }: CompletionModel): string {
  const withValue = words(shared.client.filter(({ value }) => value !== undefined))
  const cases = commands.map(({ names, options, shared: kind }) => {
    const list = [...words(options), ...(kind === 'none' ? [] : [`$${kind}`]), '--help'].join(' ')
    return `    ${names.join('|')}) options="${list}" ;;`
  })
  const argumentCases = commands.flatMap(({ names, argument }) =>
    typeof argument === 'string' ? [] : [`    ${names.join('|')}) values=${quote(argument.join(' '))} ;;`],
  )
  return `# Completion of memlane for bash: eval "$(memlane completion bash)"
_memlane() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local client=${quote(words(shared.client).join(' '))}
  local output=${quote(words(shared.output).join(' '))}
  local command= options= values= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
    ${withValue.join('|')}) ((i++)) ;;
    -*) ;;
    *)
      command=\${COMP_WORDS[i]}
      break
      ;;
    esac
  done
  COMPREPLY=()
  case $command:$previous in
${valueCases('*', shared.client)}
${commands
  .flatMap(({ names, options }) => names.map((name) => valueCases(name, options)))
  .filter((text) => text !== '')
  .join('\n')}
  esac
  if [[ -z $command && $current != -* ]]; then
    COMPREPLY=($(compgen -W ${quote(commands.flatMap(({ names }) => names).join(' '))} -- "$current"))
    return
  fi
  case $command in
    '') options="$client --help --version" ;;
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  case $command in
${argumentCases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$values" -- "$current"))
}
complete -o default -F _memlane memlane
`
}

function words(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]))
}

/** Cases of options whose values are known, or must not be completed as options. */
function valueCases(command: string, options: readonly CompletedOption[]): string {
  const lines = options.flatMap(({ long, short, value }) => {
    if (value === undefined) return []
    const pattern = [long, ...(short === undefined ? [] : [short])].map((word) => `${command}:${word}`).join('|')
    if (value === 'any') return [`    ${pattern}) return ;;`]
    const compgen = value === 'file' ? 'compgen -f' : `compgen -W ${quote(value.join(' '))}`
    return [`    ${pattern}) COMPREPLY=($(${compgen} -- "$current")) && return ;;`]
  })
  return lines.join('\n')
}
