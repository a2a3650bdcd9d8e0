import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { parseManifests } from './parse-manifests.ts'
import { type Manifest, titleOf } from './policy/manifest.ts'

/** One change that makes good manifests bad. */
export interface DeliberateError {
  /** What is wrong, in words. */
  readonly error: string
  /** The rule that must tell of it, where it is a rule's affair. */
  readonly rule?: string
  /** What it is put into: the example of an installation, unless the plain files are named. */
  readonly base?: 'plain'
  /** The object, as Kind/name. */
  readonly in: string
  /** The path to the field in it. */
  readonly at: readonly [string | number, ...(string | number)[]]
  /** The field's new value; `remove` takes it away instead. */
  readonly to?: unknown
  readonly remove?: true
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

const PLAIN = ['plain/k8s-secret.yaml', 'plain/k8s-deployment.yaml', 'plain/k8s-service.yaml', 'restore-job.yaml']

/** The plain files, in the order in which they are applied, and the Job that may stand beside them. */
export const plainManifests = (): readonly Manifest[] => PLAIN.flatMap((file) => parseManifests(read(`../${file}`)))

/** The example of an installation. */
export const exampleManifests = (): readonly Manifest[] => parseManifests(read('fixtures/production.yaml'))

/** The errors of a file in fixtures. */
export const deliberateErrors = (file: string): readonly DeliberateError[] => parse(read(`fixtures/${file}`))

/** Good manifests with one error put in; the manifests given stay as they are. Throws where the object is not there. */
export const withError = (
  manifests: readonly Manifest[],
  { in: title, at, to, remove }: DeliberateError,
): readonly Manifest[] => {
  const changed = structuredClone(manifests)
  const target = changed.find((manifest) => titleOf(manifest) === title)
  if (target === undefined) throw new Error(`there is no ${title}`)
  const parent = at.slice(0, -1).reduce((inner, key) => inner[String(key)] as Fields, target as unknown as Fields)
  const last = String(at.at(-1))
  if (remove === true) delete parent[last]
  else parent[last] = to
  return changed
}

type Fields = Record<string, unknown>
