import { describe, expect, it } from 'vitest'
import { GET } from '../../../src/protocol/request.ts'
import { until } from '../../support/eventually.ts'
import { Lab } from './lab.ts'

const HANDSHAKE = ['version', 'mn']

/** What a call may take, in milliseconds. */
const TIME_MS = 60

function startLab(): Promise<Lab> {
  return Lab.start({ connection: { timeoutMs: TIME_MS, connectTimeoutMs: 2000 } })
}

/** Reads keys of a server until it takes no more commands; gives how many reads failed. */
async function readUntilOut(lab: Lab, name: string): Promise<number> {
  let failed = 0
  for (let call = 0; lab.state(name) === 'up'; call++) {
    if (call === 50) throw new Error(`${name} takes commands after 50 that it did not answer`)
    await lab.run(GET, `${name}${call}`, undefined, TIME_MS).catch(() => failed++)
  }
  return failed
}

/** Lets the next probe come; gives the pause before it. */
async function probe(lab: Lab, name: string): Promise<number> {
  const [pause] = lab.clock.delays
  lab.clock.advance(pause!)
  await until(() => lab.state(name) !== 'probing', `${name} was probed`)
  return pause!
}

describe.each<[what: string, makeUnwell: (lab: Lab) => void]>([
  ['shakes hands and answers nothing', (lab) => lab.hearOnly('a', HANDSHAKE)],
  ['answers everything too late', (lab) => lab.delayCommands('a', 10 * TIME_MS)],
])('a server that %s', (_what, makeUnwell) => {
  it('is not admitted again: the pauses between its probes double, and it counts as down', async () => {
    const lab = await startLab()
    await lab.get('a1')
    makeUnwell(lab)
    lab.drop('a')
    await until(() => lab.cluster.servers[0]!.status.connections.open === 0, 'its connection is gone')
    expect(await readUntilOut(lab, 'a')).toBeLessThan(10)
    const pauses: number[] = []
    const dials = lab.dials.get('a')!
    for (let round = 0; round < 5; round++) {
      pauses.push(await probe(lab, 'a'))
      expect(lab.state('a')).toBe('down')
      expect(await lab.run(GET, 'a1', undefined, 5000)).toBe('miss')
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000])
    expect(lab.dials.get('a')! - dials).toBeLessThanOrEqual(5)
    expect(lab.events).toEqual([expect.stringMatching(/^a down after 2/)])
  })
})

describe('a server that answers probes and nothing else', () => {
  it('is asked more and more rarely, and counts as down', async () => {
    const lab = await startLab()
    lab.hearOnly('a', [...HANDSHAKE, 'get memlane:probe'])
    const pauses: number[] = []
    for (let round = 0; round < 4; round++) {
      await readUntilOut(lab, 'a')
      pauses.push(await probe(lab, 'a'))
      expect(lab.state('a')).toBe('up')
      // Longer than any of the pauses: that it took no command tells nothing.
      lab.clock.advance(20_000)
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000])
    expect(lab.events.filter((event) => event.includes('down'))).toEqual([
      expect.stringMatching(/^a down after 2/),
      expect.stringMatching(/^a down after 3/),
      expect.stringMatching(/^a down after 4/),
    ])
  })

  it('counts from the beginning again once it has answered a command in time', async () => {
    const lab = await startLab()
    lab.hearOnly('a', [...HANDSHAKE, 'get memlane:probe'])
    await readUntilOut(lab, 'a')
    await probe(lab, 'a')
    await readUntilOut(lab, 'a')
    lab.hearOnly('a', [...HANDSHAKE, 'get'])
    await probe(lab, 'a')
    expect(await lab.get('a1')).toBe('miss')
    lab.clock.advance(20_000)
    lab.hearOnly('a', HANDSHAKE)
    await readUntilOut(lab, 'a')
    expect(lab.state('a')).toBe('suspect')
    expect(await probe(lab, 'a')).toBe(1000)
  })
})

it('a probe is answered by the server itself, never by one that stands in', async () => {
  const lab = await startLab()
  await lab.fail('a')
  lab.hearOnly('a', HANDSHAKE)
  lab.heal('a')
  const probing = probe(lab, 'a')
  await until(() => (lab.dials.get('a') ?? 0) > 1, 'it is connected to')
  lab.drop('a')
  await probing
  expect(lab.state('a')).toBe('down')
})
