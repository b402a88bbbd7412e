<?php
// Writes and reads texts on several servers with php-memcached: one job as JSON on stdin, its results on stdout.

$job = json_decode(stream_get_contents(STDIN), true);
$client = new Memcached();
foreach ($job['options'] as $name => $value) {
    $isConstant = is_string($value) && defined("Memcached::$value");
    $client->setOption(constant("Memcached::$name"), $isConstant ? constant("Memcached::$value") : $value);
}
foreach ($job['servers'] as $server) {
    $client->addServer($server['path'] ?? $server['host'], $server['port'] ?? 0, $server['weight']);
}
$stored = [];
foreach ($job['set'] as [$key, $text]) {
    $stored[] = $client->set($key, $text);
}
$found = [];
foreach ($job['get'] as $key) {
    $text = $client->get($key);
    $found[] = $client->getResultCode() === Memcached::RES_SUCCESS ? $text : null;
}
echo json_encode(['version' => phpversion('memcached'), 'stored' => $stored, 'found' => $found]);
