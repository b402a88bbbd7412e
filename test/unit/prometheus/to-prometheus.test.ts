import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { toPrometheus } from '../../../src/prometheus/to-prometheus.ts'
import { CLIENT_METRICS } from '../../support/client-metrics.ts'

describe('toPrometheus', () => {
  const lines = toPrometheus(CLIENT_METRICS).split('\n')

  it('counts keys by command and result', () => {
    expect(lines.filter((line) => line.startsWith('memlane_client_keys_total'))).toEqual([
      'memlane_client_keys_total{command="get",result="hit"} 2',
      'memlane_client_keys_total{command="get",result="miss"} 3',
      'memlane_client_keys_total{command="get",result="stored"} 0',
      'memlane_client_keys_total{command="get",result="not_stored"} 0',
      'memlane_client_keys_total{command="get",result="failed"} 0',
      'memlane_client_keys_total{command="setMany",result="hit"} 0',
      'memlane_client_keys_total{command="setMany",result="miss"} 0',
      'memlane_client_keys_total{command="setMany",result="stored"} 4',
      'memlane_client_keys_total{command="setMany",result="not_stored"} 3',
      'memlane_client_keys_total{command="setMany",result="failed"} 2',
    ])
  })

  it('writes times in seconds, as a summary without a sum', () => {
    expect(lines.filter((line) => line.includes('_client_duration_'))).toEqual([
      '# HELP memlane_client_duration_seconds Time from the turn in which commands were made to their replies.',
      '# TYPE memlane_client_duration_seconds summary',
      'memlane_client_duration_seconds{quantile="0.5"} 0.00025',
      'memlane_client_duration_seconds{quantile="0.9"} 0.0005',
      'memlane_client_duration_seconds{quantile="0.99"} 0.001',
      'memlane_client_duration_seconds{quantile="0.999"} 0.002',
      'memlane_client_duration_seconds_count 8',
      '# HELP memlane_client_duration_max_seconds Longest time of a command.',
      '# TYPE memlane_client_duration_max_seconds gauge',
      'memlane_client_duration_max_seconds 0.004',
    ])
  })

  it('escapes the names of servers, and takes one that is gone for one that is not up', () => {
    expect(lines).toContain('memlane_client_server_up{server="/run/\\"odd\\"\\\\\\n.sock"} 0')
    expect(lines).toContain('memlane_client_server_up{server="cache-1:11211"} 1')
    expect(lines).toContain('memlane_client_server_down_seconds_total{server="cache-1:11211"} 2.5')
  })

  it('writes each name once, with help, type and a line end', () => {
    const text = toPrometheus({ users: CLIENT_METRICS, sessions: CLIENT_METRICS })
    const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(new Set(types).size).toBe(types.length)
    expect(text.endsWith('\n')).toBe(true)
    for (const line of text.split('\n').slice(0, -1)) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{(?:[a-z_]+="(?:\\.|[^"\\])*",?)+\})? \d\S*)$/)
    }
    expect(text).toContain('memlane_client_retries_total{client="users"} 11\n')
    expect(text).toContain('memlane_client_retries_total{client="sessions"} 11\n')
  })

  it('writes the numbers of a near cache, and no line where a client has none', () => {
    const nearCache = { hits: 9, misses: 8, fills: 7, calledOff: 6, evictions: 5, items: 4, bytes: 3 }
    const text = toPrometheus({ ...CLIENT_METRICS, nearCache })
    expect(text.split('\n').filter((line) => line.startsWith('memlane_client_near_cache'))).toEqual([
      'memlane_client_near_cache_reads_total{result="hit"} 9',
      'memlane_client_near_cache_reads_total{result="miss"} 8',
      'memlane_client_near_cache_fills_total 7',
      'memlane_client_near_cache_called_off_total 6',
      'memlane_client_near_cache_evictions_total 5',
      'memlane_client_near_cache_items 4',
      'memlane_client_near_cache_bytes 3',
    ])
    expect(lines.join('\n')).not.toContain('near_cache')
  })

  it('takes another prefix, and labels for all samples', () => {
    const text = toPrometheus(CLIENT_METRICS, { prefix: 'cache_', labels: { app: 'shop' } })
    expect(text).toContain('cache_pending{app="shop",server="cache-1:11211"} 14\n')
    expect(text).not.toContain('memlane')
  })

  it.each<[options: object, message: string]>([
    [{ prefx: 'a' }, 'toPrometheus has no option "prefx"; it has prefix, labels'],
    [{ prefix: 'a b' }, 'option prefix must be'],
    [{ labels: { 'a-b': '' } }, '"a-b" cannot be the name of a label'],
    [{ labels: { a: 1 } }, 'option labels.a must be a text, got 1'],
  ])('refuses the options %j', (options, message) => {
    expect(() => toPrometheus(CLIENT_METRICS, options)).toThrow(message)
  })

  it('refuses what is not what a client has counted', () => {
    expect(() => toPrometheus({ cache: 1 } as never)).toThrow(InvalidInputError)
    expect(() => toPrometheus(undefined as never)).toThrow('takes what metrics() of a client returns, got undefined')
    expect(() => toPrometheus(new Map() as never)).toThrow('got a Map')
  })

  it('says what to pass when it gets a client', () => {
    const client = { metrics: () => CLIENT_METRICS }
    const hint = 'call toPrometheus(cache.metrics())'
    expect(() => toPrometheus(client as never)).toThrow(hint)
    expect(() => toPrometheus({ cache: client } as never)).toThrow(hint)
  })
})
