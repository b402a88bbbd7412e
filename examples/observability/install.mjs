// Installs the SDK of OpenTelemetry, at the version of the lock file, and links the memlane of this repository. Elsewhere:
// npm install memlane @opentelemetry/api.
import { spawnSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = import.meta.dirname
const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
  cwd: folder,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)
const link = join(folder, 'node_modules', 'memlane')
rmSync(link, { recursive: true, force: true })
symlinkSync(resolve(folder, '../..'), link, 'dir')
