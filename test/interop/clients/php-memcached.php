<?php
// Sets and gets values with php-memcached: one job as JSON on stdin, its results as JSON on stdout.

function toPhp(array $value): mixed
{
    $content = $value['value'] ?? null;
    switch ($value['type']) {
        case 'bytes':
            return base64_decode($content);
        case 'int':
            // Beyond 64 bits PHP has no integers.
            return (string) (int) $content === $content ? (int) $content : (float) $content;
        case 'float':
            return (float) $content;
        case 'list':
            return array_map('toPhp', $content);
        case 'dict':
            return array_combine(array_column($content, 0), array_map('toPhp', array_column($content, 1)));
        default:
            return $content;
    }
}

function fromPhp(mixed $value): array
{
    if ($value === null) {
        return ['type' => 'null'];
    }
    if (is_string($value)) {
        $isText = preg_match('//u', $value) === 1;
        return $isText ? ['type' => 'text', 'value' => $value] : ['type' => 'bytes', 'value' => base64_encode($value)];
    }
    if (is_bool($value)) {
        return ['type' => 'bool', 'value' => $value];
    }
    if (is_int($value)) {
        return ['type' => 'int', 'value' => (string) $value];
    }
    if (is_float($value)) {
        // A cast to string has 14 digits only.
        return ['type' => 'float', 'value' => json_encode($value)];
    }
    if (is_array($value) && array_is_list($value)) {
        return ['type' => 'list', 'value' => array_map('fromPhp', $value)];
    }
    $entries = [];
    foreach ((array) $value as $key => $item) {
        $entries[] = [(string) $key, fromPhp($item)];
    }
    return ['type' => is_array($value) ? 'dict' : get_class($value), 'value' => $entries];
}

$job = json_decode(stream_get_contents(STDIN), true);
$client = new Memcached();
$client->addServer('127.0.0.1', $job['port']);
foreach ($job['options'] as $name => $value) {
    $client->setOption(constant("Memcached::$name"), is_string($value) ? constant("Memcached::$value") : $value);
}
$stored = [];
foreach ($job['set'] as [$key, $value]) {
    $stored[] = $client->set($key, toPhp($value));
}
$found = [];
foreach ($job['get'] as $key) {
    $value = $client->get($key);
    $isError = $value === false && $client->getResultCode() !== Memcached::RES_SUCCESS;
    $found[] = $isError ? ['type' => 'error', 'value' => $client->getResultMessage()] : fromPhp($value);
}
echo json_encode(['version' => phpversion('memcached'), 'stored' => $stored, 'found' => $found]);
