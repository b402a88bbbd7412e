import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const long = 20_000

describe('a reply line of 20,000 characters', () => {
  it.each([
    ['the line of a value', `VALUE ${'k'.repeat(long)} 0 10\r\nabc`],
    ['the line of a value, not ended', `VALUE ${'k'.repeat(long)}`],
    ['the flags of a value', `VALUE a ${'1'.repeat(long)} 10\r\nabc`],
    ['the line of a meta value', `VA 10 ${'k'.repeat(long)}\r\nabc`],
    ['the flags of a meta value', `VA 10${' kxx'.repeat(long / 4)}\r\nabc`],
    ['a status', `HD ${'O'.repeat(long)}\r\n`],
    ['a word', 'x'.repeat(long)],
  ])('(%s) is a desync and the end of the connection, no more', async (_name, reply) => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index > 0) return serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
      await peer.command()
      peer.reply(reply)
    })
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const desyncs: unknown[] = []
    cache.on('desync', (event) => desyncs.push(event.error))
    expect(await rejection(cache.get('a'))).toBeInstanceOf(ProtocolError)
    expect(desyncs).toHaveLength(1)
    await server.peers[0]!.closed
    await recovers(cache, 'own', 'own')
    await turns()
    expect(crashes).toEqual([])
  })
})
