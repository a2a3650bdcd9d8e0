// `npm run --silent sbom -- cyclonedx` (or spdx): the software bill of materials of the image,
// from the lock file, on standard output.
// `npm sbom --omit=dev` leaves out what both the service and its development need (https://github.com/npm/cli/issues/7909),
// so npm is shown a copy of the project that has neither development nor optional dependencies.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const format = process.argv[2]
if (format !== 'cyclonedx' && format !== 'spdx') {
  console.error('usage: npm run --silent sbom -- cyclonedx|spdx')
  process.exit(64)
}

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))

const { devDependencies, optionalDependencies, overrides, scripts, ...project } =
  read('package.json')
/** Without those of development dependencies, which name packages that are not there. */
project.overrides = Object.fromEntries(
  Object.entries(overrides).filter(([, value]) => !JSON.stringify(value).includes('"$')),
)
const { packages, ...lock } = read('package-lock.json')
const { devDependencies: _, optionalDependencies: __, ...root } = packages['']
const isShipped = ([folder, { dev, devOptional, optional }]) =>
  folder !== '' && !dev && !devOptional && !optional
const shipped = Object.entries(packages).filter(isShipped)

const temporary = mkdtempSync(join(tmpdir(), 'task-sbom-'))
try {
  const folder = join(temporary, project.name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project))
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...lock, packages: { '': root, ...Object.fromEntries(shipped) } }),
  )
  execFileSync(
    'npm',
    ['sbom', '--package-lock-only', `--sbom-format=${format}`, '--sbom-type=application'],
    {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
} finally {
  rmSync(temporary, { recursive: true })
}
