import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createVolume, runOnce } from './podman.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const sbom = <T>(format: 'cyclonedx' | 'spdx'): T =>
  JSON.parse(
    String(execFileSync('npm', ['run', '--silent', 'sbom', '--', format], { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 })),
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
  readonly specVersion: string
  readonly serialNumber: string
  readonly components: readonly { type: string; name: string; version: string; purl: string; 'bom-ref': string }[]
  readonly dependencies: readonly { ref: string; dependsOn: readonly string[] }[]
}

test('the CycloneDX document names each package of the image and no other', async () => {
  const { bomFormat, specVersion, serialNumber, components, dependencies } = sbom<CycloneDx>('cyclonedx')
  expect({ bomFormat, specVersion }).toEqual({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.\d$/) })
  expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  for (const { type, purl, version } of components) {
    expect(type).toBe('library')
    expect(purl).toMatch(new RegExp(`^pkg:npm/.+@${version.replaceAll('.', '\\.')}$`))
  }
  const refs = new Set(dependencies.map(({ ref }) => ref))
  for (const component of components) expect(refs).toContain(component['bom-ref'])
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref)
  expect([...new Set(components.map(({ name, version }) => `${name}@${version}`))].sort()).toEqual(await packagesInImage())
})

interface Spdx {
  readonly spdxVersion: string
  readonly dataLicense: string
  readonly SPDXID: string
  readonly documentDescribes: readonly string[]
  readonly packages: readonly { name: string; versionInfo: string; SPDXID: string; licenseDeclared?: string }[]
  readonly relationships: readonly { spdxElementId: string; relatedSpdxElement: string; relationshipType: string }[]
}

test('the SPDX document names each package of the image and no other', async () => {
  const { spdxVersion, dataLicense, SPDXID, documentDescribes, packages, relationships } = sbom<Spdx>('spdx')
  expect({ spdxVersion, dataLicense, SPDXID }).toEqual({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
  })
  const ids = new Set([SPDXID, ...packages.map((one) => one.SPDXID)])
  expect(ids.size).toBe(packages.length + 1)
  for (const { spdxElementId, relatedSpdxElement } of relationships) {
    expect(ids).toContain(spdxElementId)
    expect(ids).toContain(relatedSpdxElement)
  }
  const others = packages.filter((one) => !documentDescribes.includes(one.SPDXID))
  expect([...new Set(others.map(({ name, versionInfo }) => `${name}@${versionInfo}`))].sort()).toEqual(await packagesInImage())
})
