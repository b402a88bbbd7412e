import { describe, expect, it } from 'vitest'
import { Health, type HealthOptions } from '../../../src/cluster/health.ts'
import { AuthError, ConnectError, type MemcacheError } from '../../../src/errors.ts'
import { FakeClock } from './fake-clock.ts'

const refused = new ConnectError('connect ECONNREFUSED')

/** A health with everything that it tells. */
class Patient {
  readonly clock = new FakeClock()
  readonly told: string[] = []
  probes = 0
  mostlyDown = false
  readonly health: Health

  constructor(options: Partial<HealthOptions> = {}) {
    this.health = new Health({
      options: { retryAttempts: 2, retryTimeoutMs: 1000, deadTimeoutMs: 60_000, ...options },
      clock: this.clock,
      probe: () => this.probes++,
      mostlyDown: () => this.mostlyDown,
      onAvailability: (healthy) => this.told.push(healthy ? 'takes commands' : 'takes none'),
      onDown: (error, failures) => this.told.push(`down after ${failures}: ${error.message}`),
      onUp: (downMs) => this.told.push(`up after ${downMs} ms`),
    })
  }

  /** The delay of the next probe, which then fails. */
  failProbe(error: MemcacheError = refused): number {
    const [delay] = this.clock.delays
    this.clock.advance(delay!)
    this.health.refuse(error)
    return delay!
  }
}

describe('the states of a server', () => {
  it('leaves up at the first evidence, is probed, counts as down at the second, and comes back by a probe', () => {
    const { health, clock, told } = new Patient()
    expect(health.state).toBe('up')
    health.fail(refused)
    expect(health.state).toBe('suspect')
    clock.advance(1000)
    expect(health.state).toBe('probing')
    health.refuse(refused)
    expect(health.state).toBe('down')
    clock.advance(2000)
    expect(health.state).toBe('probing')
    health.admit()
    expect(health.state).toBe('up')
    expect(told).toEqual(['takes none', 'down after 2: connect ECONNREFUSED', 'takes commands', 'up after 2000 ms'])
  })

  it('comes back from suspect by a probe without ever having been down', () => {
    const { health, clock, told } = new Patient()
    health.fail(refused)
    clock.advance(1000)
    health.admit()
    expect(health.state).toBe('up')
    expect(told).toEqual(['takes none', 'takes commands'])
  })

  it.each([0, 1])('counts as down at the first failure with retryAttempts %i', (retryAttempts) => {
    const { health, told } = new Patient({ retryAttempts })
    health.fail(refused)
    expect(health.state).toBe('down')
    expect(told).toEqual(['takes none', 'down after 1: connect ECONNREFUSED'])
  })

  it('is suspect until the last of many attempts', () => {
    const patient = new Patient({ retryAttempts: 4 })
    patient.health.fail(refused)
    patient.failProbe()
    patient.failProbe()
    expect(patient.health.state).toBe('suspect')
    patient.failProbe()
    expect(patient.health.state).toBe('down')
    expect(patient.told.at(-1)).toBe('down after 4: connect ECONNREFUSED')
  })

  it('tells once that it is down, however many probes fail', () => {
    const patient = new Patient()
    patient.health.fail(refused)
    for (let probe = 0; probe < 5; probe++) patient.failProbe()
    expect(patient.told.filter((what) => what.startsWith('down'))).toHaveLength(1)
  })

  it('counts from the beginning once it was back', () => {
    const { health, clock } = new Patient()
    health.fail(refused)
    clock.advance(1000)
    health.admit()
    clock.advance(100_000)
    health.fail(refused)
    expect(health.state).toBe('suspect')
  })

  it('goes on counting where it answered no command since it was back', () => {
    const { health, clock, told } = new Patient({ retryAttempts: 3 })
    for (let round = 0; round < 4; round++) {
      health.fail(refused, false)
      clock.advance(clock.delays[0]!)
      health.admit()
      clock.advance(1000)
    }
    expect(told.filter((what) => what.startsWith('down'))).toEqual([
      'down after 3: connect ECONNREFUSED',
      'down after 4: connect ECONNREFUSED',
    ])
  })

  it('counts from the beginning once it has answered a command, or had none for long', () => {
    for (const [answered, upMs] of [
      [true, 10],
      [false, 60_000],
    ] as const) {
      const { health, clock } = new Patient()
      health.fail(refused, false)
      clock.advance(1000)
      health.admit()
      clock.advance(upMs)
      health.fail(refused, answered)
      expect(health.state).toBe('suspect')
    }
  })

  it('takes no notice of further evidence while it takes no commands: the probes decide', () => {
    const { health, clock } = new Patient({ retryAttempts: 3 })
    for (let failure = 0; failure < 10; failure++) health.fail(refused)
    expect(health.state).toBe('suspect')
    expect(clock.delays).toEqual([1000])
  })

  it('keeps the last error until it is back', () => {
    const { health, clock } = new Patient()
    health.fail(refused)
    expect(health.lastError).toBe(refused)
    clock.advance(1000)
    const silent = new ConnectError('no answer')
    health.refuse(silent)
    expect(health.lastError).toBe(silent)
    clock.advance(2000)
    health.admit()
    expect(health.lastError).toBeUndefined()
  })

  it('is not brought back by the answer to a probe that is under way no more', () => {
    const { health, clock } = new Patient()
    health.fail(refused)
    health.admit()
    expect(health.state).toBe('suspect')
    clock.advance(1000)
    health.admit()
    health.refuse(refused)
    expect(health.state).toBe('up')
  })

  it('asks and tells nothing once it is stopped', () => {
    const { health, clock, told } = new Patient()
    health.fail(refused)
    health.stop()
    expect(clock.delays).toEqual([])
    health.admit()
    health.refuse(refused)
    expect(told).toEqual(['takes none'])
  })
})

describe('probes', () => {
  it('come one at a time: the next is set when the last has failed', () => {
    const patient = new Patient()
    patient.health.fail(refused)
    patient.clock.advance(500_000)
    expect(patient.probes).toBe(1)
    expect(patient.clock.delays).toEqual([])
    patient.health.refuse(refused)
    expect(patient.clock.delays).toHaveLength(1)
  })

  it('come after twice the time each, up to deadTimeoutMs', () => {
    const patient = new Patient()
    patient.health.fail(refused)
    const delays = Array.from({ length: 9 }, () => patient.failProbe())
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('are jittered by half, the first one as well', () => {
    const patient = new Patient()
    patient.clock.chance = 0
    patient.health.fail(refused)
    expect(patient.clock.delays).toEqual([500])
    patient.clock.chance = 0.5
    patient.failProbe()
    expect(patient.clock.delays).toEqual([1500])
  })

  it('stay at the shortest delay while most servers look down: it is probably us', () => {
    const patient = new Patient()
    patient.health.fail(refused)
    patient.failProbe()
    patient.failProbe()
    patient.mostlyDown = true
    patient.failProbe()
    expect([patient.failProbe(), patient.failProbe(), patient.failProbe()]).toEqual([1000, 1000, 1000])
    patient.mostlyDown = false
    expect([patient.failProbe(), patient.failProbe(), patient.failProbe()]).toEqual([1000, 2000, 4000])
  })

  it('grow rarer all the same where the login is refused, which most servers looking down do not explain', () => {
    const patient = new Patient()
    patient.mostlyDown = true
    const wrong = new AuthError('wrong password')
    patient.health.fail(wrong)
    expect([patient.failProbe(wrong), patient.failProbe(wrong), patient.failProbe(wrong)]).toEqual([1000, 2000, 4000])
  })

  it('grow rarer for a server that answers them and then fails again and again', () => {
    const { health, clock } = new Patient()
    const delays: number[] = []
    for (let round = 0; round < 4; round++) {
      health.fail(refused)
      delays.push(...clock.delays)
      clock.advance(clock.delays[0]!)
      health.admit()
      clock.advance(100)
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000])
  })

  it('grow rarer up to deadTimeoutMs for a server that answers them alone, however long each outage takes to be seen', () => {
    const { health, clock } = new Patient()
    const delays: number[] = []
    for (let round = 0; round < 8; round++) {
      health.fail(refused, false)
      delays.push(...clock.delays)
      clock.advance(clock.delays[0]!)
      health.admit()
      clock.advance(50_000)
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it('are soon again for a server that was well for longer than its last delay', () => {
    const patient = new Patient()
    patient.health.fail(refused)
    patient.failProbe()
    patient.clock.advance(2000)
    patient.health.admit()
    patient.clock.advance(2000)
    patient.health.fail(refused)
    expect(patient.clock.delays).toEqual([1000])
  })
})
