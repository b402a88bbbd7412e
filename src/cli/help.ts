/** `memlane --help` */
export const HELP = `Usage: memlane <command> [options]

Commands:
  serve        run a memcached inside Node, for development machines without one

Options:
  --help       show this, or the options of a command
  --version    show the version of memlane
`

/** `memlane serve --help` */
export const SERVE_HELP = `Usage: memlane serve [options]

Runs a memcached inside Node: classic text and meta protocol, in memory only. For development and tests.

Options:
  --host <address>         where to listen (default: 127.0.0.1)
  --port <number>          TCP port, 0 for a free one (default: 11211)
  --socket <path>          listen on a unix socket instead
  --memory <megabytes>     room for items; the least recently used are evicted (default: 64)
  --max-item-size <size>   largest item, in bytes or as 512k or 8m (default: 1m)
  --version-string <text>  the memcached to be like (default: 1.6.45)
  --auth-file <path>       ask for a login: a line user:password for every account
  --user <name>            ask for a login: one account, together with --password
  --password <text>        visible to other users of this machine: prefer --auth-file
  --tls-cert <path>        speak TLS: the certificate chain, in PEM
  --tls-key <path>         speak TLS: the private key, in PEM
  --enable-shutdown        let clients end the server with the command shutdown
  --help                   show this; also -h

SIGINT and SIGTERM end it.
`
