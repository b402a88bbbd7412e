/** One number. */
export interface ExpositionSample {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Type of the content that {@link writeExposition} makes. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Writes samples as text for Prometheus: those of one name stand together, after its help and type. */
export function writeExposition(samples: readonly ExpositionSample[]): string {
  const families = new Map<string, ExpositionSample[]>()
  for (const sample of samples) {
    const family = families.get(sample.name)
    if (family === undefined) families.set(sample.name, [sample])
    else family.push(sample)
  }
  return Array.from(families.values(), writeFamily).join('')
}

function writeFamily(samples: readonly ExpositionSample[]): string {
  const { name, help, type } = samples[0]!
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(writeSample).join('')}`
}

function writeSample({ name, labels, value }: ExpositionSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`)
}
