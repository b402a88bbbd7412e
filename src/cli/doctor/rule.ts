import type { ServerFacts } from './server-facts.ts'

/** Weight of a finding: `bad` loses data or refuses service now, `warning` costs, `info` is worth knowing. */
export type Level = 'bad' | 'warning' | 'info'

/** Levels from the worst on. */
export const LEVELS: readonly Level[] = ['bad', 'warning', 'info']

/** Answer of a rule. */
export interface Verdict {
  readonly level: Level
  /** Sentence about what was found, without a full stop. */
  readonly text: string
}

/** Rule about one server. */
export interface Rule {
  readonly name: string
  /** Numbers of `stats` and `stats settings` that it looks at: shown with `--json`. */
  readonly fields: readonly string[]
  /** Sentence that begins with a verb: what to do. */
  readonly fix: string
  /** Judges a server; undefined: all is well. */
  readonly judge: (facts: ServerFacts) => Verdict | undefined
}

/** Rule about all servers together. */
export interface ClusterRule extends Omit<Rule, 'judge'> {
  /** Judges at least two servers; each finding names one of them. */
  readonly judge: (servers: readonly ServerFacts[]) => readonly (Verdict & { readonly server: string })[]
}

/** Makes a verdict if a condition holds. */
export function verdict(holds: boolean, level: Level, text: () => string): Verdict | undefined {
  return holds ? { level, text: text() } : undefined
}

/** Share of a part; 0 where there is no whole. */
export function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}
