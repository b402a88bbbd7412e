import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')

const OPTIONS = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  include: ['program.ts'],
}

const WITHOUT_PEERS = `
import { instrumentMemlane, type InstrumentOptions } from 'memlane/otel'
import { toPrometheus, registerMemlane, type PrometheusRegistry } from 'memlane/prometheus'
const options: InstrumentOptions = { keys: true, spans: 'off' }
using instrumented = instrumentMemlane(options)
declare const registry: PrometheusRegistry
declare const metrics: Parameters<typeof toPrometheus>[0]
toPrometheus(metrics).trim()
toPrometheus({ users: metrics as never }, { labels: { app: 'shop' } })
registerMemlane(registry, { metrics: () => metrics as never })
`

const WITH_PEERS = `
import * as api from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { instrumentMemlane } from 'memlane/otel'
import { type MetricsSource, registerMemlane } from 'memlane/prometheus'
import client from 'prom-client'
instrumentMemlane({ api })
instrumentMemlane({ tracerProvider: api.trace.getTracerProvider(), meterProvider: api.metrics.getMeterProvider() })
instrumentMemlane({ tracerProvider: new BasicTracerProvider(), meterProvider: new MeterProvider() })
declare const cache: MetricsSource
registerMemlane(client.register, cache)
registerMemlane(new client.Registry(), { users: cache, sessions: cache }, { prefix: 'cache_' })
// @ts-expect-error no tracer provider
instrumentMemlane({ tracerProvider: new MeterProvider() })
// @ts-expect-error no registry
registerMemlane(api, cache)
`

/** Compiles a program of a package that has installed some packages; returns what the compiler says. */
async function compile(name: string, program: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(inject('temporaryFolder'), `types-${name}`)
  for (const [from, to] of Object.entries({
    memlane: root,
    '@types': join(root, 'node_modules/@types'),
    ...packages,
  })) {
    const link = join(folder, 'node_modules', from)
    await mkdir(dirname(link), { recursive: true })
    await symlink(to, link, 'dir')
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(OPTIONS))
  await writeFile(join(folder, 'program.ts'), program)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  return execute(process.execPath, [compiler, '-p', folder], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

describe('the declarations of memlane/otel and memlane/prometheus', () => {
  it('compile where neither @opentelemetry/api nor prom-client is installed', async () => {
    expect(await compile('without', WITHOUT_PEERS, {})).toBe('')
  })

  it('take the types of @opentelemetry/api, its SDK and prom-client', async () => {
    const folder = join(import.meta.dirname, 'node_modules')
    const packages = Object.fromEntries(
      ['@opentelemetry', 'prom-client'].map((name) => [name, join(folder, name)] as const),
    )
    expect(await compile('with', WITH_PEERS, packages)).toBe('')
  })
})
