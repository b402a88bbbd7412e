import { readFileSync, writeFileSync } from 'node:fs'
import type { Outcome, PairOutcomes } from './outcomes.ts'
import type { Pair } from './pairs.ts'

const HEAD = `# Keys and values shared with other clients

Written by \`npm run test:interop\`, which sends every kind of value through a memcached in both directions, with
the other clients themselves. *same*: the reader gets the type and value that the writer stored. *refused*: memlane throws
\`SerdeError\` instead of storing or giving something else; where the default serde refuses another client's value, the
error names the serde that reads it. Which client flags a layout has, and what its options do, is in the documentation of
each serde in \`memlane/serde\`.

Strings of PHP, and raw strings of Dalli, are bytes: what arrives as bytes there is told as text where it is UTF-8.
`

/** The heading of the part about several servers, which another run writes. */
export const keysHeading = '## Several servers'

const file = new URL('../../docs/interop.md', import.meta.url)

/** Writes the part of docs/interop.md about values; the same text for the same outcomes. */
export function writePage(results: ReadonlyMap<Pair, PairOutcomes>): void {
  const parts = [...results].map(([pair, outcomes]) => section(pair, outcomes))
  writePart('values', [HEAD, ...parts].join('\n'))
}

/** Replaces one of the page's two parts: its values come first, then its keys on several servers. */
export function writePart(part: 'values' | 'keys', text: string): void {
  const page = readFileSync(file, 'utf8')
  const boundary = page.indexOf(`${keysHeading}\n`)
  const [values, keys] = boundary === -1 ? [page, ''] : [page.slice(0, boundary), page.slice(boundary)]
  writeFileSync(
    file,
    part === 'values' ? [text, keys].filter((each) => each !== '').join('\n') : `${values.trimEnd()}\n\n${text}`,
  )
}

function section(pair: Pair, { version, outcomes }: PairOutcomes): string {
  const differing = outcomes.filter((outcome) => !isSame(outcome))
  const same = outcomes.filter(isSame).map(({ sample }) => sample)
  const lines = [`## ${pair.title}`, '', `Seen with ${pair.client.name} ${version}.`]
  if (same.length > 0) lines.push('', `Same in both directions: ${same.join(', ')}.`)
  if (differing.length > 0) lines.push('', ...table(differing))
  return `${lines.join('\n')}\n`
}

function table(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.map(({ sample, theyRead, weRead }) => `| ${sample} | ${cell(theyRead)} | ${cell(weRead)} |`)
  return ['| value | memlane writes, the other reads | the other writes, memlane reads |', '|---|---|---|', ...rows]
}

function cell(outcome: string): string {
  const quoted = /^(\w+) (".*)$/.exec(outcome)
  return quoted === null ? outcome : `${quoted[1]} \`${quoted[2]!.replaceAll('|', '\\|')}\``
}

function isSame({ theyRead, weRead }: Outcome): boolean {
  return theyRead === 'same' && weRead === 'same'
}
