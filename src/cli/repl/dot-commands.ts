import type { Context } from '../command.ts'
import { readChoice } from '../option-value.ts'
import { SERDE_NAMES, type SerdeName } from '../serde-names.ts'
import { escapeText } from '../terminal/escape.ts'
import { UsageError } from '../usage-error.ts'
import type { History } from './history.ts'
import type { Session } from './session.ts'

/** Parts of the session that its commands work on. */
export interface DotContext {
  readonly context: Context
  readonly session: Session
  readonly history: History
}

/** Command of the session itself. */
interface DotCommand {
  readonly help: string
  /** Gives true where the session is to end. */
  run(word: string | undefined, on: DotContext): boolean
}

const DOTS: Readonly<Record<string, DotCommand>> = {
  '.help': { help: 'show this', run: (_word, { context }) => showHelp(context) },
  '.exit': { help: 'leave; so does Ctrl-D', run: () => true },
  '.history': {
    help: 'show the lines that were typed; !7 runs one again, !! the last one',
    run: (_word, on) => showHistory(on),
  },
  '.json': {
    help: 'print JSON from now on, or no longer',
    run: (_word, { session, context }) => {
      session.json = !session.json
      context.out.line(`json ${session.json ? 'on' : 'off'}`)
      return false
    },
  },
  '.serde': {
    help: 'read and write values by another serde: .serde php; .serde auto',
    run: (word, on) => setSerde(word, on),
  },
  '.servers': {
    help: 'show the servers',
    run: (_word, { context }) => {
      for (const server of context.clients.servers) context.out.line(escapeText(server))
      return false
    },
  },
}

/** Names of the commands of the session, with their dots. */
export const DOT_NAMES: readonly string[] = Object.keys(DOTS)

/** Runs a command of the session; gives true where the session is to end. */
export function runDot([name = '', word]: readonly string[], on: DotContext): boolean {
  const command = DOTS[name]
  if (command === undefined) throw new UsageError(`there is no ${name}; .help shows all`)
  return command.run(word, on)
}

function showHelp({ out, style }: Context): boolean {
  const width = Math.max(...DOT_NAMES.map((name) => name.length))
  for (const [name, { help }] of Object.entries(DOTS)) out.line(`${name.padEnd(width)}  ${style('dim', help)}`)
  out.line()
  out.line('help shows the commands, help get one of them. Tab completes; Ctrl-C ends a command or clears the line.')
  out.line('Words are separated by blanks. A quote keeps blanks, and goes on over several lines.')
  return false
}

function showHistory({ context, history }: DotContext): boolean {
  const width = String(history.lines.length).length
  for (const [at, line] of history.lines.entries())
    context.out.line(`${String(at + 1).padStart(width)}  ${escapeText(line)}`)
  return false
}

function setSerde(word: string | undefined, { session, context }: DotContext): boolean {
  if (word !== undefined) session.serde = readChoice('.serde', SERDE_NAMES, word) as SerdeName
  context.out.line(`serde ${session.serde}`)
  return false
}
