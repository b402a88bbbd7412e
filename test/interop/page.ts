import { writeFileSync } from 'node:fs'
import type { Outcome, PairOutcomes } from './outcomes.ts'
import type { Pair } from './pairs.ts'

const HEAD = `# Values shared with other clients

Written by \`npx vitest run test/interop\`, which sends every kind of value through a memcached in both directions, with
the other clients themselves. *same*: the reader gets the type and value that the writer stored. *refused*: memlane throws
\`SerdeError\` instead of storing or giving something else. Which client flags a layout has, and what its options do, is in
the documentation of each serde in \`memlane/serde\`.

Strings of PHP, and raw strings of Dalli, are bytes: what arrives as bytes there is told as text where it is UTF-8.
`

/** Writes docs/interop.md; the same text for the same outcomes. */
export function writePage(results: ReadonlyMap<Pair, PairOutcomes>): void {
  const parts = [...results].map(([pair, outcomes]) => section(pair, outcomes))
  writeFileSync(new URL('../../docs/interop.md', import.meta.url), [HEAD, ...parts].join('\n'))
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
