import { type Command, defineCommand } from '../command.ts'
import { bashScript } from '../completion/bash.ts'
import { type CompletionModel, completionModel } from '../completion/completion-model.ts'
import { fishScript } from '../completion/fish.ts'
import { zshScript } from '../completion/zsh.ts'

const SCRIPTS: Readonly<Record<string, (model: CompletionModel) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `memlane completion` */
export const completion: Command = defineCommand({
  name: 'completion',
  summary: 'Print a script that completes commands in a shell',
  arguments: { shell: { help: 'the shell', choices: ['bash', 'zsh', 'fish'] } },
  options: {},
  shared: 'none',
  examples: [
    { line: 'eval "$(memlane completion bash)"', help: 'a line for ~/.bashrc; for zsh the same in ~/.zshrc' },
    { line: 'memlane completion fish > ~/.config/fish/completions/memlane.fish', help: 'for fish' },
  ],
  async run({ commands, out }, { args }) {
    const named = commands.map(async (entry) => ({ command: await entry.load(), aliases: entry.aliases ?? [] }))
    out.write(SCRIPTS[args.shell]!(completionModel(await Promise.all(named))))
  },
})
