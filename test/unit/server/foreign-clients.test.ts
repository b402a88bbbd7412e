import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'

/**
 * Clients that others wrote, each with a program that ends with `ok`. What they need, by its Debian package:
 * python3-pymemcache, python3-pylibmc, php-cli and php-memcached.
 */
const PYMEMCACHE = `
import sys
from pymemcache.client.base import Client
c = Client(('127.0.0.1', int(sys.argv[1])), default_noreply=False)
assert c.set('a', 'x') and c.get('a') == b'x'
assert c.set('quiet', 'x', noreply=True) and c.get('quiet') == b'x'
value, cas = c.gets('a')
assert c.cas('a', 'y', cas) is True and c.cas('a', 'z', cas) is False and c.cas('none', 'z', cas) is None
assert c.set_many({'b': '1', 'c': '2'}) == []
assert c.get_many(['b', 'c', 'd']) == {'b': b'1', 'c': b'2'}
assert set(c.gets_many(['b', 'c', 'd'])) == {'b', 'c'}
assert c.incr('b', 5) == 6 and c.decr('b', 10) == 0 and c.incr('none', 1) is None
assert c.append('a', '!') and c.prepend('a', '?') and c.get('a') == b'?y!'
assert c.add('a', 'q') is False and c.replace('none', 'q') is False
assert c.touch('a', 100) and not c.touch('none', 100)
assert c.delete('a') and not c.delete('a')
assert c.stats()[b'curr_items'] == 3 and c.stats('settings')[b'maxbytes'] == 67108864
assert c.stats('items') and c.stats('slabs') and c.stats('conns') and c.stats('sizes')
assert c.cache_memlimit(64) and c.flush_all() and c.get('b') is None
assert c.version() == sys.argv[2].encode()
print('ok')
`

const PYLIBMC = `
import sys, pylibmc
c = pylibmc.Client(['127.0.0.1:' + sys.argv[1]], binary=False, behaviors={'cas': True, 'tcp_nodelay': True})
assert c.set('a', {'x': [1, 2]}) and c.get('a') == {'x': [1, 2]}
value, cas = c.gets('a')
assert c.cas('a', 1, cas) and not c.cas('a', 2, cas)
assert c.incr('a', 4) == 5 and c.decr('a', 10) == 0
assert c.set_multi({'k1': 1, 'k2': 'zwei', 'big': 'b' * 500000}) == []
assert c.get_multi(['k1', 'k2', 'k3']) == {'k1': 1, 'k2': 'zwei'} and len(c.get('big')) == 500000
assert c.delete_multi(['k2', 'big']) and c.get('big') is None
assert not c.append('none', 'x') and not c.add('a', 1) and c.touch('k1', 100)
assert dict(c.get_stats()[0][1])[b'version' if isinstance(list(c.get_stats()[0][1])[0], bytes) else 'version']
c.behaviors['no_block'] = True
for i in range(500): c.set('n%d' % i, i)
assert len(c.get_multi(['n%d' % i for i in range(500)])) == 500
assert c.delete('a') and c.flush_all() and c.get('k1') is None
print('ok')
`

const PHP = `
$c = new Memcached(); $c->addServer('127.0.0.1', (int) $argv[1]);
$c->setOption(Memcached::OPT_BINARY_PROTOCOL, false); $c->setOption(Memcached::OPT_TCP_NODELAY, true);
function check($truth, $what) { if (!$truth) { fwrite(STDERR, "failed: $what\\n"); exit(1); } }
check($c->set('a', ['x' => [1, 2]]) && $c->get('a') == ['x' => [1, 2]], 'set and get');
$r = $c->get('a', null, Memcached::GET_EXTENDED);
check($c->cas($r['cas'], 'a', 'y') && !$c->cas($r['cas'], 'a', 'z'), 'cas');
check($c->setMulti(['b' => 1, 'c' => '2']) && $c->getMulti(['b', 'c', 'd']) == ['b' => 1, 'c' => '2'], 'multi');
check($c->increment('b', 5) === 6 && $c->decrement('b', 10) === 0, 'counters');
check($c->touch('b', 100) && !$c->add('a', 'q') && !$c->replace('none', 'q'), 'touch, add, replace');
check($c->delete('a') && !$c->delete('a') && $c->getResultCode() === Memcached::RES_NOTFOUND, 'delete');
check($c->getVersion() == ["127.0.0.1:$argv[1]" => $argv[2]], 'version');
$before = $c->getStats()["127.0.0.1:$argv[1]"]['curr_items'];
$c->set('d', 1); check($c->getStats()["127.0.0.1:$argv[1]"]['curr_items'] == $before + 1, 'stats');
check(!array_diff(['b', 'c', 'd'], $c->getAllKeys()), 'all keys, by stats items and cachedump');
$c->setOption(Memcached::OPT_NOREPLY, true);
for ($i = 0; $i < 500; $i++) $c->set("n$i", $i);
$c->setOption(Memcached::OPT_NOREPLY, false);
check(count($c->getMulti(array_map(fn ($i) => "n$i", range(0, 499)))) === 500, 'noreply');
check($c->flush() && $c->get('b') === false, 'flush');
echo "ok\\n";
`

const run = promisify(execFile)

describe.each(['1.6.18', '1.6.45'])('as memcached %s', (version) => {
  let server: MemcachedServer

  beforeAll(async () => {
    server = await MemcachedServer.start({ version })
  })
  afterAll(() => server?.close())

  it.each([
    ['pymemcache', '/usr/bin/python3', ['-c', PYMEMCACHE]],
    ['pylibmc, in text mode', '/usr/bin/python3', ['-c', PYLIBMC]],
    ['php-memcached', 'php', ['-r', PHP, '--']],
  ])('serves %s', async (_name, program, args) => {
    const { stdout } = await run(program, [...args, String(server.port), version], { timeout: 15_000 })
    expect(stdout).toBe('ok\n')
  })
})
