import { packageVersion } from '../package-version.ts'
import { EXPOSITION_TYPE, type ExpositionSample, writeExposition } from './exposition.ts'
import { isAllowedHost } from './host-check.ts'
import type { ScrapeTarget, ScrapeTargets } from './target.ts'

/** Answer to a request. */
export interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Parts of a request that matter. */
export interface HttpQuestion {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly host: string | undefined
}

/** Facts by which requests are answered. */
export interface AnswerOptions {
  /** Servers of `/metrics`. */
  readonly servers: readonly ScrapeTarget[]
  /** Servers of `/scrape`. */
  readonly targets: ScrapeTargets
  /** Names that requests may be sent to, besides those of this machine and addresses. */
  readonly hosts: readonly string[]
}

const TEXT = 'text/plain; charset=utf-8'

/** Answers requests for metrics. */
export async function answer(question: HttpQuestion, options: AnswerOptions): Promise<HttpAnswer> {
  const { method, url, host } = question
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET is answered.')
  if (!isAllowedHost(host, options.hosts)) {
    return text(
      403,
      `Host ${JSON.stringify(host ?? '')} is not allowed. Start the exporter with --allow-host to allow a name.`,
    )
  }
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  if (pathname === '/metrics') return metrics(options)
  if (pathname === '/scrape') return scrape(searchParams.get('target'), options)
  if (pathname === '/') return text(200, 'memlane exporter\n\n/metrics\n/scrape?target=host:port')
  return text(404, 'There are /metrics and /scrape?target=host:port.')
}

async function metrics({ servers, targets }: AnswerOptions): Promise<HttpAnswer> {
  const samples = await Promise.all(servers.map((server) => server.scrape()))
  const isOne = servers.length === 1
  const labeled = samples.flatMap((own, at) => (isOne ? own : own.map((one) => withServer(one, servers[at]!.name))))
  return exposition([...labeled, ...ownMetrics(targets)])
}

/** One server has the label sets of memcached_exporter; several differ by the label `server`. */
function withServer(sample: ExpositionSample, server: string): ExpositionSample {
  return { ...sample, labels: { server, ...sample.labels } }
}

async function scrape(name: string | null, { targets }: AnswerOptions): Promise<HttpAnswer> {
  if (name === null || name === '') return text(400, 'Name the server: /scrape?target=host:port')
  const target = targets.find(name)
  if (target === undefined) {
    return text(
      403,
      `${JSON.stringify(name)} is not allowed. Start the exporter with -s or --allow-target to allow a server.`,
    )
  }
  return exposition(await target.scrape())
}

/** Numbers of the exporter itself. */
function ownMetrics(targets: ScrapeTargets): ExpositionSample[] {
  const sum = (count: (target: ScrapeTarget) => number): number =>
    targets.all.reduce((total, target) => total + count(target), 0)
  return [
    {
      name: 'memlane_exporter_build_info',
      type: 'gauge',
      help: 'Version of memlane.',
      labels: { version: packageVersion() },
      value: 1,
    },
    {
      name: 'memlane_exporter_scrapes_total',
      type: 'counter',
      help: 'Times that servers were asked.',
      labels: {},
      value: sum(({ scrapes }) => scrapes),
    },
    {
      name: 'memlane_exporter_scrape_failures_total',
      type: 'counter',
      help: 'Times that servers did not answer.',
      labels: {},
      value: sum(({ failures }) => failures),
    },
  ]
}

function exposition(samples: readonly ExpositionSample[]): HttpAnswer {
  return { status: 200, type: EXPOSITION_TYPE, body: writeExposition(samples) }
}

function text(status: number, body: string): HttpAnswer {
  return { status, type: TEXT, body: `${body}\n` }
}
