/** Text of `memlane --help`. */
export const HELP = `Usage: memlane <command> [options]

Commands:
  serve        run a memcached inside Node, for development machines without one

Options:
  --help       show this, or the options of a command
  --version    show the version of memlane
`

/** Text of `memlane serve --help`. */
export const SERVE_HELP = `Usage: memlane serve [options]

Runs a memcached inside Node: classic text and meta protocol, in memory only. For development and tests.

The binary protocol is not served, nor is UDP: a connection that begins in binary is closed, with a line on
standard error. Set such clients to the text protocol ("ascii").

Where to listen:
  -l, --host <address>         name or address (default: 127.0.0.1)
  -p, --port <number>          TCP port, 0 for a free one (default: 11211)
  -s, --socket <path>          a unix socket instead

Limits:
  -m, --memory <megabytes>     room for items; the least recently used are evicted (default: 64)
  -I, --max-item-size <size>   largest item, in bytes or as 512k or 8m; at most half of the memory (default: 1m)
  -c, --conn-limit <number>    connections at a time; one more gets "ERROR Too many open connections" (default: 1024)
      --idle-timeout <seconds> close connections without commands for so long, 0: never (default: 0)
  -M, --disable-evictions      answer SERVER_ERROR when the memory is full, instead of evicting

Commands:
  -C, --disable-cas            keep no cas numbers: all are 0, every cas answers EXISTS
  -F, --disable-flush-all      refuse flush_all
  -X, --disable-dumping        refuse lru_crawler metadump and mgdump, stats cachedump and stats detail
  -W, --disable-watch          refuse watch
  -A, --enable-shutdown        let clients end the server with the command shutdown

Login and TLS:
  -Y, --auth-file <path>       ask for a login: a line user:password for every account
      --user <name>            ask for a login: one account, together with --password
      --password <text>        visible to other users of this machine: prefer --auth-file
      --tls-cert <path>        speak TLS: the certificate chain, in PEM
      --tls-key <path>         speak TLS: the private key, in PEM

Other:
      --version-string <text>  the memcached to be like (default: 1.6.45)
      --dialect <name>         elasticache-serverless: refuse the commands that this service refuses (default: memcached)
  -D, --prefix-delimiter <c>   count commands by the part of the key before this character, for stats detail
      --track-sizes            answer stats sizes with the sizes of the items
  -o, --extended <list>        idle_timeout=<seconds> and track_sizes, as memcached has them
  -h, --help                   show this

SIGINT and SIGTERM end it.
`
