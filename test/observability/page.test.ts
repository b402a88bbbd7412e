import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toPrometheus } from '../../src/prometheus/to-prometheus.ts'
import { CLIENT_METRICS } from '../support/client-metrics.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8')
const families = [...toPrometheus(CLIENT_METRICS).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)

/** The text under a heading. */
function section(heading: string): string {
  return page.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!
}

describe('docs/observability.md', () => {
  it('shows the subscribers as they are', () => {
    const shown = [...page.matchAll(/<!-- (examples\/\S+) -->\n\n```\w+\n([\s\S]*?)```/g)]
    expect(shown.map(([, file]) => file)).toEqual([
      'examples/observability/sentry.mjs',
      'examples/observability/datadog.mjs',
    ])
    for (const [, file, code] of shown) {
      expect(code).toBe(readFileSync(join(root, file!), 'utf8'))
      expect(code!.split('\n').length).toBeLessThan(26)
    }
  })

  it.each(families)('names %s', (family) => {
    expect(section('Prometheus')).toContain(`\`${family.replace('memlane_client_', '')}\``)
  })

  it('asks in its queries for what toPrometheus writes, and for nothing else', () => {
    const queries = section('Dashboards').split('```promql\n')[1]!.split('```')[0]!
    const asked = [...new Set(queries.match(/\bmemlane_client_\w+/g))]
    expect(asked.length).toBeGreaterThan(10)
    expect(asked.filter((name) => !families.includes(name))).toEqual([])
  })
})
