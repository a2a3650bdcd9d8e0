// Manifests as they are parsed from YAML. Their fields have the right types: types.mjs checks that.
import { parseAllDocuments } from 'yaml'

/** The objects of a YAML text. Throws where the text is not YAML. */
export const parseManifests = (text) =>
  parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() ?? []
  })

/** `Kind/name`. */
export const titleOf = ({ kind, metadata }) => `${kind}/${metadata.name}`

export const ofKind = ({ manifests }, ...kinds) =>
  manifests.filter(({ kind }) => kinds.includes(kind))

export const findManifest = ({ manifests }, title) =>
  manifests.find((manifest) => titleOf(manifest) === title)

/** Everything that runs pods: its title and spec, and the labels, the spec and the containers of its pods. */
export const workloadsOf = (installation) =>
  ofKind(installation, 'Deployment', 'StatefulSet', 'DaemonSet', 'Job').map((manifest) => {
    const { metadata, spec: pod } = manifest.spec.template
    const containers = [...(pod.initContainers ?? []), ...pod.containers]
    return {
      title: titleOf(manifest),
      spec: manifest.spec,
      labels: metadata?.labels ?? {},
      pod,
      containers,
    }
  })

/** What keeps running: everything but Jobs. */
export const serversOf = (installation) =>
  workloadsOf(installation).filter(({ title }) => !title.startsWith('Job/'))

/** The task service itself, by the label that all manifests know its pods by. */
export const taskServicesOf = (installation) =>
  serversOf(installation).filter(
    ({ labels }) => labels['app.kubernetes.io/name'] === 'task-manager-api',
  )

/** Whether a selector names at least one label and selects these. */
export const selects = (selector = {}, labels = {}) => {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)
}

/**
 * The environment of a container, as far as the manifests say: what is named later wins, and `env` wins over `envFrom`.
 * @returns {Record<string, string>}
 */
export const environmentOf = (installation, { env = [], envFrom = [] }) => {
  const sources = envFrom.map(({ configMapRef, secretRef }) => {
    const title =
      configMapRef === undefined ? `Secret/${secretRef.name}` : `ConfigMap/${configMapRef.name}`
    const manifest = findManifest(installation, title)
    return { ...manifest?.data, ...manifest?.stringData }
  })
  return Object.assign(
    {},
    ...sources,
    Object.fromEntries(env.map(({ name, value = '' }) => [name, value])),
  )
}

/** A line for each check that fails: what the object must do. */
export const failures = (title, checks) =>
  Object.entries(checks)
    .filter(([, isRight]) => !isRight)
    .map(([what]) => `${title} must ${what}`)
