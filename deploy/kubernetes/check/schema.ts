import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Manifest, titleOf } from './policy/manifest.ts'

/** Where kubernetes-models and its kin are installed, as a folder that holds node_modules. */
export type Models = string

/** Which package holds the kinds of an API group that is not Kubernetes' own. */
const PACKAGES: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
}

/** For each manifest, in order, what its schema and its type have against it. An empty list is a good manifest. */
export const checkSchemas = async (models: Models, manifests: readonly Manifest[]): Promise<readonly (readonly string[])[]> => {
  const known = manifests.map((manifest) => existsSync(join(models, 'node_modules', `${moduleOf(manifest)}.js`)))
  const typed = typeProblems(
    models,
    manifests.filter((_, index) => known[index]),
  )
  let next = 0
  const problems: string[][] = []
  for (const [index, manifest] of manifests.entries()) {
    if (known[index]) problems.push([...(await schemaProblems(models, manifest)), ...(typed[next++] ?? [])])
    else problems.push([`${manifest.apiVersion} has no kind ${manifest.kind}`])
  }
  return problems
}

const moduleOf = ({ apiVersion, kind }: Manifest): string => {
  const [group = ''] = apiVersion.split('/')
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`
}

/** Wrong types, missing fields, values outside an enumeration, quantities that are none. */
const schemaProblems = async (models: Models, manifest: Manifest): Promise<readonly string[]> => {
  const { [manifest.kind]: Model } = await import(pathToFileURL(join(models, 'node_modules', `${moduleOf(manifest)}.js`)).href)
  try {
    new Model(manifest).validate()
    return []
  } catch (error) {
    return [`${titleOf(manifest)}: ${error instanceof Error ? error.message : error}`]
  }
}

const TYPED_FILE = 'manifests.ts'

/** Unknown fields: each manifest is written as a constant of its type, a line each, and compiled. */
const typeProblems = (models: Models, manifests: readonly Manifest[]): readonly (readonly string[])[] => {
  const lines = manifests.map(
    (manifest, index) =>
      `import type { I${manifest.kind} as T${index} } from '${moduleOf(manifest)}'; export const m${index}: T${index} = ${JSON.stringify(manifest)}`,
  )
  writeFileSync(join(models, TYPED_FILE), lines.join('\n'))
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--target', 'es2023']
  const resolution = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, ...resolution, TYPED_FILE], {
    cwd: models,
    encoding: 'utf8',
  })
  const problems = manifests.map((): string[] => [])
  const told = [...stdout.matchAll(/^manifests\.ts\((\d+),\d+\): error (.*)$/gm)]
  for (const [, line, problem = ''] of told) {
    const index = Number(line) - 1
    problems[index]?.push(`${titleOf(manifests[index] as Manifest)}: ${problem}`)
  }
  if (status !== 0 && told.length === 0) throw new Error(`tsc: ${stdout}`)
  return problems
}
