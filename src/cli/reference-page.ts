import type { Command, CommandEntry } from './command.ts'
import { EXIT_CODES } from './exit-code.ts'
import { commandHelp, groupOptions, type HelpLayout, overviewHelp, section } from './help-text.ts'
import { sharedOptions } from './shared-options.ts'
import { PLAIN } from './terminal/style.ts'

/** Line of docs/cli.md below which everything is generated. */
export const REFERENCE_MARK = '<!-- Written by npm run generate: do not edit below. -->'

/** Pictures of commands: scripts/screenshots.mjs writes them. */
const IMAGES: Readonly<Record<string, string>> = {
  top: '![The screen of memlane top: a table of three servers, and charts of their reads, hits, evictions and connections](images/top.svg)',
}

const LAYOUT: HelpLayout = { width: 100, style: PLAIN, isShort: true }

/** Returns the page docs/cli.md with a new reference of commands; what stands above the mark stays. */
export async function referencePage(page: string, entries: readonly CommandEntry[]): Promise<string> {
  const [head = ''] = page.split(REFERENCE_MARK)
  const commands = await Promise.all(entries.map((entry) => entry.load()))
  const [overview = ''] = overviewHelp(entries, LAYOUT).split('\n\nOptions:')
  const sections = [
    '## Commands',
    block(overview.split('\n').slice(4).join('\n')),
    '## Options of all commands',
    'Commands that have no client (`serve`, `completion`, `help`) have none of these.',
    block(
      groupOptions(sharedOptions('client'), true)
        .map(([heading, rows]) => section(heading, rows, LAYOUT))
        .join('\n\n'),
    ),
    '## Exit codes',
    block(
      Object.entries(EXIT_CODES)
        .map(([code, meaning]) => `${code}  ${meaning}`)
        .join('\n'),
    ),
    ...commands.flatMap((command, at) => [
      `## memlane ${titleOf(command, entries[at]!)}`,
      ...(IMAGES[command.name] === undefined ? [] : [IMAGES[command.name]!]),
      block(commandHelp(command, LAYOUT)),
    ]),
  ]
  return `${head}${REFERENCE_MARK}\n\n${sections.join('\n\n')}\n`
}

function titleOf({ name }: Command, { aliases = [] }: CommandEntry): string {
  return [name, ...aliases].join(', ')
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``
}
