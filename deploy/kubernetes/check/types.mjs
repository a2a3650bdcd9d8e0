// Holds manifests against the types of kubernetes-models, which come from the APIs' own schemas: unknown and missing fields,
// wrong types, values outside an enumeration, kinds that do not exist.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { titleOf } from './manifest.mjs'

/** Which package holds the kinds of an API group that is not Kubernetes' own. */
const PACKAGES = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
}

const FILE = 'manifests.ts'
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
const OPTIONS =
  '--noEmit --strict --skipLibCheck --ignoreConfig --target es2023 --module nodenext'.split(' ')

/**
 * Compiles each manifest as a constant of its type, a line each.
 * @param {string} models  the folder whose node_modules has the packages
 * @returns {string[][]}  the problems of each manifest, in order
 */
export const typeProblems = (models, manifests) => {
  const lines = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest
    const module = `${PACKAGES[apiVersion.split('/')[0]] ?? 'kubernetes-models'}/${apiVersion}/${kind}`
    return `import type { I${kind} as T${index} } from '${module}'; export const m${index}: T${index} = ${JSON.stringify(manifest)}`
  })
  writeFileSync(join(models, FILE), lines.join('\n'))
  const { stdout, status } = spawnSync(process.execPath, [TSC, ...OPTIONS, FILE], {
    cwd: models,
    encoding: 'utf8',
  })
  const problems = manifests.map(() => [])
  const errors = [...stdout.matchAll(/^manifests\.ts\((\d+),\d+\): error (.*)$/gm)]
  for (const [, line, error] of errors)
    problems[line - 1].push(`${titleOf(manifests[line - 1])}: ${error}`)
  if (status !== 0 && errors.length === 0) throw new Error(`tsc: ${stdout}`)
  return problems
}
