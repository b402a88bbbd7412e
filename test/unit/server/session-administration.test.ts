import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { Session } from '../../../src/server/session.ts'
import { Dialogue } from './dialogue.ts'

const MEGABYTE = 1024 * 1024

/** What a watcher has been told since the last time. */
function told(watcher: Session): string {
  return Buffer.concat(watcher.output.take()).toString('latin1')
}

/** A session that has asked to watch. */
function watch(cache: Dialogue, names: string): Session {
  const watcher = new Session(cache.engine, [])
  watcher.receive(Buffer.from(`watch ${names}\r\n`))
  expect(told(watcher)).toBe('OK\r\n')
  return watcher
}

/** Stores values of 1 KB under numbered keys. */
function fill(cache: Dialogue, prefix: string, count: number): void {
  for (let at = 0; at < count; at += 100) {
    const part = Array.from(
      { length: 100 },
      (_, index) => `set ${prefix}${at + index} 0 0 1000 noreply|${'v'.repeat(1000)}|`,
    )
    cache.ask(part.join(''))
    expect(cache.stat('bytes')).toBeLessThanOrEqual(cache.stat('limit_maxbytes'))
  }
}

describe('the crawler', () => {
  it('drops what has ended, of the classes it is sent to, and counts it', () => {
    const cache = new Dialogue()
    cache.ask(`set a 0 10 1|x|set b 0 10 1|x|get b|set c 0 0 1|x|set big 0 10 5000|${'x'.repeat(5000)}|`)
    cache.clock.advance(10)
    expect(cache.ask('lru_crawler crawl 1|')).toBe('OK|')
    const names = ['curr_items', 'crawler_reclaimed', 'crawler_items_checked', 'expired_unfetched', 'get_expired']
    expect(names.map((name) => cache.stat(name))).toEqual([2, 2, 3, 1, 0])
    cache.ask('lru_crawler crawl all|')
    expect([cache.stat('curr_items'), cache.stat('bytes')]).toEqual([1, 61])
  })

  it('refuses to work while it is disabled', () => {
    const cache = new Dialogue()
    expect(cache.ask('lru_crawler disable|')).toBe('OK|')
    for (const words of ['crawl 1', 'metadump all', 'mgdump all']) {
      expect(cache.ask(`lru_crawler ${words}|`)).toBe('CLIENT_ERROR lru crawler disabled|')
    }
    expect(cache.ask('stats settings|')).toContain('STAT lru_crawler no|')
    expect(cache.ask('lru_crawler enable|lru_crawler crawl 1|')).toBe('OK|OK|')
  })

  it('leaves out of a dump what has ended', () => {
    const cache = new Dialogue({ version: '1.6.18' })
    cache.ask('set a 0 10 1|x|set b:1 0 0 1|x|')
    cache.clock.advance(10)
    const { unixSeconds } = cache.clock
    expect(cache.ask('lru_crawler metadump all|')).toBe(
      `key=b%3A1 exp=-1 la=${unixSeconds - 10} cas=2 fetch=no cls=1 size=63\nEND|`,
    )
  })

  it('writes a long dump as it is read, carries out what comes behind it, and holds nobody up', () => {
    const cache = new Dialogue()
    const count = 30_000
    cache.ask(Array.from({ length: count }, (_, index) => `set key${index} 0 0 1 noreply|x|`).join(''))
    cache.session.receive(Buffer.from('lru_crawler metadump all\r\nversion\r\n'))
    expect(cache.session.full).toBe(true)
    expect(cache.session.output.bytes).toBeLessThan(1.2 * MEGABYTE)
    const other = new Session(cache.engine, [])
    other.receive(Buffer.from('flush_all\r\n'))
    const reply = cache.replies()
    expect(reply.endsWith('\nEND|VERSION 1.6.45|')).toBe(true)
    expect(reply.match(/^key=/gm)!.length).toBeLessThan(count)
  })

  it.each(['is read to its end', 'ends with its connection'])('is BUSY for others until a dump %s', (how) => {
    const cache = new Dialogue()
    cache.ask(Array.from({ length: 30_000 }, (_, index) => `set key${index} 0 0 1 noreply|x|`).join(''))
    cache.session.receive(Buffer.from('lru_crawler metadump hash\r\n'))
    const other = new Session(cache.engine, [])
    const ask = (line: string): string => {
      other.receive(Buffer.from(`${line}\r\n`))
      return Buffer.concat(other.output.take()).toString('latin1')
    }
    for (const line of ['lru_crawler metadump all', 'lru_crawler mgdump hash', 'lru_crawler crawl all']) {
      expect(ask(line)).toBe('BUSY currently processing crawler request\r\n')
    }
    expect(ask('lru_crawler metadump foo')).toBe('BADCLASS invalid class id\r\n')
    if (how === 'is read to its end') cache.replies()
    else cache.session.end()
    expect(ask('lru_crawler crawl all')).toBe('OK\r\n')
  })
})

describe('a watcher', () => {
  it('is told of evictions', () => {
    const cache = new Dialogue({ memoryBytes: 200 })
    const watcher = watch(cache, 'evictions')
    cache.ask('set a 0 100 1|x|get a|')
    cache.clock.advance(5)
    cache.ask('set b 0 0 100|')
    cache.ask(`${'y'.repeat(100)}|`)
    const second = cache.clock.now() / 1000
    expect(told(watcher)).toBe(
      `ts=${Math.floor(second)}.700000 gid=1 type=eviction key=a fetch=yes ttl=95 la=5 clsid=1 size=1\n`,
    )
  })

  it('is told only of what it asked for', () => {
    const cache = new Dialogue()
    const [mutations, fetchers] = [watch(cache, 'mutations'), watch(cache, 'fetchers deletions')]
    cache.ask('set a 0 0 1|x|delete a|')
    expect(told(mutations).match(/type=\S+/g)).toEqual(['type=item_store'])
    expect(told(fetchers).match(/type=\S+/g)).toEqual(['type=item_get', 'type=item_get', 'type=deleted'])
  })

  it('is told what a look for an item that has ended found', () => {
    const cache = new Dialogue()
    const watcher = watch(cache, 'fetchers')
    cache.ask('set a 0 5 1|x|')
    cache.clock.advance(5)
    cache.ask('get a|get a|')
    expect(told(watcher).match(/status=\S+/g)).toEqual(['status=not_found', 'status=expired', 'status=not_found'])
  })

  it('gets nothing carried out any more', () => {
    const cache = new Dialogue()
    const watcher = watch(cache, 'connevents')
    watcher.receive(Buffer.from('set a 0 0 1\r\nx\r\nversion\r\n'))
    expect([told(watcher), cache.stat('curr_items')]).toEqual(['', 0])
  })

  it('that does not read loses lines instead of filling the memory, which is counted', () => {
    const cache = new Dialogue()
    const watcher = watch(cache, 'fetchers')
    cache.ask('get a|'.repeat(10_000))
    expect(watcher.output.bytes).toBeLessThanOrEqual(262_144)
    const [sent, skipped] = [cache.stat('log_watcher_sent'), cache.stat('log_watcher_skipped')]
    expect([sent + skipped, told(watcher).split('\n').length - 1]).toEqual([10_000, sent])
    expect(skipped).toBeGreaterThan(0)
  })

  it('is told how many lines it was too slow for, before the next one', () => {
    const cache = new Dialogue()
    const watcher = watch(cache, 'fetchers')
    cache.ask('get a|'.repeat(10_000))
    const skipped = cache.stat('log_watcher_skipped')
    expect(told(watcher)).not.toContain('skipped')
    cache.ask('get b|get c|')
    const lines = told(watcher).split('\n')
    expect(lines).toEqual([
      `skipped=${skipped}`,
      expect.stringContaining('key=b'),
      expect.stringContaining('key=c'),
      '',
    ])
    expect(cache.stat('log_watcher_sent') + skipped).toBe(10_002)
  })

  it('is refused beside twenty others, and may go on with other commands', () => {
    const cache = new Dialogue()
    const watchers = Array.from({ length: 20 }, () => watch(cache, 'fetchers'))
    expect(cache.ask('watch fetchers|mn|')).toBe('WATCHER_TOO_MANY log watcher limit reached|MN|')
    watchers[0]!.end()
    expect(cache.ask('watch fetchers|')).toBe('OK|')
  })

  it('costs nothing once it is gone', () => {
    const cache = new Dialogue()
    const watcher = watch(cache, 'fetchers')
    expect(cache.stat('log_watchers')).toBe(1)
    watcher.end()
    expect([cache.stat('log_watchers'), cache.engine.watchers.wants('fetchers')]).toEqual([0, false])
  })
})

describe('statistics', () => {
  it('of slab classes add up to the general ones', () => {
    const cache = new Dialogue()
    const big = 'x'.repeat(5000)
    cache.ask(
      `set a 0 0 1|5|set b 0 0 5000|${big}|get a b c|mg b v|incr a 1|decr a 1|touch b 9|gat 9 a|cas a 0 0 1 1|x|`,
    )
    cache.ask('ms a 1 C99|x|delete a|')
    const slabs = cache.ask('stats slabs|')
    for (const name of ['get_hits', 'cmd_set', 'delete_hits', 'incr_hits', 'decr_hits', 'cas_badval', 'touch_hits']) {
      // The class of `a` has no items any more: its counters are shown with the next one.
      cache.ask('set z 0 0 1|x|')
      const parts = [...cache.ask('stats slabs|').matchAll(new RegExp(`:${name} (\\d+)`, 'g'))]
      expect(parts.reduce((sum, part) => sum + Number(part[1]), 0)).toBe(cache.stat(name))
    }
    expect(slabs).toContain('STAT 19:chunk_size 5680|')
    expect(slabs).toContain('STAT active_slabs 1|STAT total_malloced 1048576|END|')
  })

  it('of items tell what was evicted from which class', () => {
    const cache = new Dialogue({ memoryBytes: 300 })
    cache.ask('set a 0 50 1|x|set b 0 0 1|x|get b|')
    cache.clock.advance(7)
    cache.ask(`set c 0 0 200|${'x'.repeat(200)}|set d 0 0 1|x|`)
    const items = cache.ask('stats items|')
    for (const line of [
      'evicted 2',
      'evicted_nonzero 1',
      'evicted_time 7',
      'evicted_unfetched 1',
      'number 1',
      'age 0',
    ]) {
      expect(items).toContain(`STAT items:1:${line}|`)
    }
  })

  it('of sizes are there up to 1.6.24, once they are enabled', () => {
    const cache = new Dialogue({ version: '1.6.18' })
    cache.ask(`set a 0 0 1|x|set b 0 0 10|0123456789|set c 0 0 5000|${'x'.repeat(5000)}|`)
    expect(cache.ask('stats sizes|')).toBe('STAT sizes_status disabled|END|')
    expect(cache.ask('stats sizes_enable|stats sizes|')).toBe(
      'STAT sizes_status enabled|STAT 64 1|STAT 96 1|STAT 5088 1|END|',
    )
  })

  it('of settings follow what is set', () => {
    const cache = new Dialogue()
    cache.ask('verbosity 2|lru mode flat|lru tune 10 25 0.5 3|lru temp_ttl 30|lru_crawler sleep 5|cache_memlimit 100|')
    const settings = cache.ask('stats settings|')
    for (const line of [
      'verbosity 2',
      'lru_segmented no',
      'hot_lru_pct 10',
      'warm_lru_pct 25',
      'hot_max_factor 0.50',
    ]) {
      expect(settings).toContain(`STAT ${line}|`)
    }
    for (const line of ['temp_lru yes', 'temporary_ttl 30', 'lru_crawler_sleep 5', 'maxbytes 104857600']) {
      expect(settings).toContain(`STAT ${line}|`)
    }
  })
})

describe('memory', () => {
  it('holds its limit, and the half that was used survives as much again', () => {
    const cache = new Dialogue({ memoryBytes: 8 * MEGABYTE })
    const count = 7800 // nearly all that fits
    fill(cache, 'key', count)
    expect(cache.stat('evictions')).toBe(0)
    const used = Array.from({ length: count / 2 }, (_, index) => `key${index * 2}`)
    for (const key of used) cache.ask(`get ${key}|`)
    fill(cache, 'new', count / 2)
    const missing = used.filter((key) => cache.ask(`mg ${key}|`) !== 'HD|')
    expect(missing).toEqual([])
    expect(cache.stat('evictions')).toBe(cache.stat('total_items') - cache.stat('curr_items'))
    expect(cache.stat('evictions')).toBeGreaterThan(3000)
  })

  it('shrinks at once with cache_memlimit, from the least used on', () => {
    const cache = new Dialogue({ memoryBytes: 16 * MEGABYTE })
    fill(cache, 'key', 15_000)
    cache.ask('get key0|')
    expect(cache.ask('cache_memlimit 8|')).toBe('OK|')
    expect(cache.stat('bytes')).toBeLessThanOrEqual(8 * MEGABYTE)
    expect(cache.ask('mg key0|mg key1|mg key14999|')).toBe('HD|EN|HD|')
  })
})
