import type { Stats } from '../../client/stats.ts'
import { CLUSTER_RULES } from './cluster-rules.ts'
import { MEMORY_RULES } from './memory-rules.ts'
import { LEVELS, type Rule, type Verdict } from './rule.ts'
import type { ServerFacts } from './server-facts.ts'
import { SERVICE_RULES } from './service-rules.ts'
import { SETTINGS_RULES } from './settings-rules.ts'

/** What a rule has found. */
export interface Finding extends Verdict {
  readonly rule: string
  readonly server: string
  /** Numbers that the rule has looked at. */
  readonly fields: Stats
  readonly fix: string
}

/** All rules about one server. */
export const RULES: readonly Rule[] = [...MEMORY_RULES, ...SERVICE_RULES, ...SETTINGS_RULES]

/** Applies all rules: findings of each server, the worst first. */
export function diagnose(servers: readonly ServerFacts[]): Finding[] {
  const own = servers.flatMap((facts) =>
    RULES.flatMap((rule) => {
      const found = rule.judge(facts)
      return found === undefined ? [] : [findingOf(rule, facts, found)]
    }),
  )
  const common =
    servers.length < 2
      ? []
      : CLUSTER_RULES.flatMap((rule) => {
          return rule.judge(servers).map(({ server, level, text }) => {
            const facts = servers.find((one) => one.server === server)!
            return findingOf(rule, facts, { level, text })
          })
        })
  return [...own, ...common].toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
}

function findingOf(
  { name, fields, fix }: Pick<Rule, 'name' | 'fields' | 'fix'>,
  { server, stats, settings }: ServerFacts,
  { level, text }: Verdict,
): Finding {
  const seen = fields.flatMap((field) => {
    const value = stats[field] ?? settings[field]
    return value === undefined ? [] : [[field, value] as const]
  })
  return { rule: name, level, server, fields: Object.fromEntries(seen), text, fix }
}
