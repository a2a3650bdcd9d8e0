import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createVolume, runOnce } from './podman.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const sbom = <T>(format: 'cyclonedx' | 'spdx'): T =>
  JSON.parse(
    String(execFileSync('npm', ['run', '--silent', 'sbom', '--', format], { cwd: ROOT })),
  ) as T

/** Prints each package of the image as name@version. */
const LIST = `
  const { existsSync, readdirSync, readFileSync } = require('node:fs')
  const list = (folder) => existsSync(folder) ? readdirSync(folder).filter((name) => name[0] !== '.').flatMap((name) =>
    name[0] === '@' ? list(folder + '/' + name) : tell(folder + '/' + name)) : []
  const tell = (folder) => {
    const { name, version } = JSON.parse(readFileSync(folder + '/package.json', 'utf8'))
    return [name + '@' + version, ...list(folder + '/node_modules')]
  }
  console.log(JSON.stringify(list('/app/node_modules')))`

const packagesInImage = async (): Promise<string[]> => {
  const printed = await runOnce(await createVolume(), ['--entrypoint', 'node'], '-e', LIST)
  return [...new Set(JSON.parse(printed) as string[])].sort()
}

interface CycloneDx {
  readonly bomFormat: string
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly purl: string
  }[]
}

test('the CycloneDX document names each package of the image and no other', async () => {
  const { bomFormat, components } = sbom<CycloneDx>('cyclonedx')
  expect(bomFormat).toBe('CycloneDX')
  for (const { purl, version } of components) expect(purl.endsWith(`@${version}`)).toBe(true)
  expect([...new Set(components.map(({ name, version }) => `${name}@${version}`))].sort()).toEqual(
    await packagesInImage(),
  )
})

interface Spdx {
  readonly spdxVersion: string
  readonly documentDescribes: readonly string[]
  readonly packages: readonly {
    readonly name: string
    readonly versionInfo: string
    readonly SPDXID: string
  }[]
}

test('the SPDX document names each package of the image and no other', async () => {
  const { spdxVersion, documentDescribes, packages } = sbom<Spdx>('spdx')
  expect(spdxVersion).toBe('SPDX-2.3')
  const others = packages.filter(({ SPDXID }) => !documentDescribes.includes(SPDXID))
  expect(
    [...new Set(others.map(({ name, versionInfo }) => `${name}@${versionInfo}`))].sort(),
  ).toEqual(await packagesInImage())
})
