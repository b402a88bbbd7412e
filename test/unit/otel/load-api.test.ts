import { describe, expect, it } from 'vitest'
import { instrumentMemlane } from '../../../src/otel/instrument.ts'
import { loadApi } from '../../../src/otel/load-api.ts'

const API = { trace: {}, metrics: {}, context: {} }
/** One that passes the check of `api`. */
const GIVEN = { api: API } as object

describe('the API of OpenTelemetry', () => {
  it('is loaded by its name', () => {
    const names: string[] = []
    const load = (name: string): unknown => {
      names.push(name)
      return API
    }
    expect(loadApi(load)).toBe(API)
    expect(names).toEqual(['@opentelemetry/api'])
  })

  it('is said to be missing where it is not installed, with what to do about it', () => {
    expect(() => instrumentMemlane()).toThrow(
      /^memlane\/otel needs the package @opentelemetry\/api, which could not be loaded: npm install @opentelemetry\/api\./,
    )
  })

  it('is refused where a part of it is missing', () => {
    expect(() => loadApi(() => ({ ...API, context: undefined }))).toThrow('needs @opentelemetry/api 1.9 or newer')
    expect(() => instrumentMemlane({ api: {} as never })).toThrow(
      "option api must be the module: import * as api from '@opentelemetry/api'",
    )
  })

  it.each<[options: object, message: string]>([
    [{ span: 'off' }, 'instrumentMemlane has no option "span"'],
    [{ spans: 'none' }, `option spans must be 'command', 'batch' or 'off', got "none"`],
    [{ keys: 'yes' }, 'option keys must be true, false or a function, got "yes"'],
    [{ requireParentSpan: 1 }, 'option requireParentSpan must be true or false, got 1'],
    [{ ...GIVEN, tracerProvider: {} }, 'option tracerProvider must be a provider, with the method getTracer'],
    [{ ...GIVEN, tracerProvider: { getTracer() {} }, meterProvider: 1 }, 'option meterProvider must be a provider'],
  ])('is not asked for with the options %j', (options, message) => {
    expect(() => instrumentMemlane(options)).toThrow(message)
  })
})
