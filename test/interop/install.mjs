// Installs the clients from npm, at the versions of the lock file. The others come with apt-get.
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
  cwd: import.meta.dirname,
  stdio: 'inherit',
})
process.exit(status ?? 1)
