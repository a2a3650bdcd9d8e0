import {
  findManifest,
  type Installation,
  type Manifest,
  ofKind,
  type Rule,
  titleOf,
  type Workload,
  workloadsOf,
} from './manifest.ts'
import type { BackendReference, Container, KeyReference, Volume } from './shapes.ts'

interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount'
  readonly name: string
  readonly keys: readonly (string | undefined)[]
  readonly isOptional: boolean | undefined
}

/** What a pod refers to exists, and has the key that is asked for. */
export const referenceExists: Rule = (installation) =>
  workloadsOf(installation).flatMap((workload) =>
    referencesOf(workload)
      .filter(({ isOptional }) => isOptional !== true)
      .flatMap((reference) => missing(installation, reference).map((what) => `${workload.title} refers to ${what}`)),
  )

const missing = (installation: Installation, { kind, name, keys }: Reference): readonly string[] => {
  const manifest = findManifest(installation, kind, name)
  if (manifest === undefined) return [`${kind}/${name}, which is not there`]
  const held = { ...manifest.data, ...manifest.stringData }
  return keys
    .filter((key) => key !== undefined && !(key in held))
    .map((key) => `${kind}/${name}'s ${key}, which it does not have`)
}

const refer = (kind: Reference['kind'], target: KeyReference | undefined, keys: Reference['keys'] = []): readonly Reference[] =>
  target === undefined ? [] : [{ kind, name: target.name, keys, isOptional: target.optional }]

const referencesOf = ({ pod, containers }: Workload): readonly Reference[] => [
  ...(pod.serviceAccountName === undefined ? [] : refer('ServiceAccount', { name: pod.serviceAccountName })),
  ...containers.flatMap(containerReferences),
  ...(pod.volumes ?? []).flatMap(volumeReferences),
]

const containerReferences = ({ env = [], envFrom = [] }: Container): readonly Reference[] => [
  ...envFrom.flatMap(({ configMapRef, secretRef }) => [...refer('ConfigMap', configMapRef), ...refer('Secret', secretRef)]),
  ...env.flatMap(({ valueFrom: { configMapKeyRef, secretKeyRef } = {} }) => [
    ...refer('ConfigMap', configMapKeyRef, [configMapKeyRef?.key]),
    ...refer('Secret', secretKeyRef, [secretKeyRef?.key]),
  ]),
]

const volumeReferences = ({ configMap, secret, persistentVolumeClaim }: Volume): readonly Reference[] => [
  ...refer('ConfigMap', configMap, keysOf(configMap)),
  ...refer('Secret', secret && { ...secret, name: secret.secretName }, keysOf(secret)),
  ...refer('PersistentVolumeClaim', persistentVolumeClaim && { name: persistentVolumeClaim.claimName }),
]

const keysOf = (volume: { readonly items?: readonly { readonly key: string }[] } | undefined): readonly string[] =>
  (volume?.items ?? []).map(({ key }) => key)

/** Each volumeMount has its volume, each volume is mounted, and no two are mounted at one path. */
export const mountHasVolume: Rule = (installation) =>
  workloadsOf(installation).flatMap(({ title, spec, pod, containers }) => {
    const claimed = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)
    const volumes = [...(pod.volumes ?? []).map(({ name }) => name), ...claimed]
    const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))
    return [
      ...mounted.filter((name) => !volumes.includes(name)).map((name) => `${title} mounts ${name}, which is no volume of its`),
      ...volumes.filter((name) => !mounted.includes(name)).map((name) => `${title} has the volume ${name} and mounts it nowhere`),
      ...containers.flatMap(({ volumeMounts = [] }) =>
        repeated(volumeMounts.map(({ mountPath }) => mountPath)).map((path) => `${title} mounts two volumes at ${path}`),
      ),
    ]
  })

/** Ingress and HTTPRoute lead to a port that a Service has. */
export const routeBackend: Rule = (installation) =>
  [...ofKind(installation, 'Ingress'), ...ofKind(installation, 'HTTPRoute')].flatMap((route) =>
    backendsOf(route)
      .filter((backend) => !isServed(installation, backend))
      .map(({ name }) => `${titleOf(route)} leads to a port of Service/${name} that is not there`),
  )

const backendsOf = ({ spec }: Manifest): readonly BackendReference[] =>
  (spec?.rules ?? []).flatMap(({ http, backendRefs = [] }) => [
    ...(http?.paths ?? []).map(({ backend }) => backend.service),
    ...backendRefs,
  ])

const isServed = (installation: Installation, { name, port }: BackendReference): boolean => {
  const wanted = typeof port === 'object' ? (port.name ?? port.number) : port
  const ports = findManifest(installation, 'Service', name)?.spec?.ports ?? []
  return ports.some((served) => wanted === served.name || wanted === served.port)
}

/** A StatefulSet's names are given by a headless Service. */
export const statefulSetService: Rule = (installation) =>
  ofKind(installation, 'StatefulSet')
    .filter(({ spec }) => findManifest(installation, 'Service', spec?.serviceName ?? '')?.spec?.clusterIP !== 'None')
    .map((set) => `${titleOf(set)} has no headless Service ${set.spec?.serviceName}`)

/** No two objects of a kind have one name. */
export const uniqueName: Rule = ({ manifests }) => repeated(manifests.map(titleOf)).map((title) => `${title} is there twice`)

const CLUSTER_WIDE: ReadonlySet<string> = new Set(['Namespace'])

/** Where a namespace is made, everything is in it; where none is, nothing names one. */
export const oneNamespace: Rule = (installation) => {
  const names = ofKind(installation, 'Namespace').map(({ metadata }) => metadata.name)
  return installation.manifests
    .filter(({ kind }) => !CLUSTER_WIDE.has(kind))
    .filter(({ metadata }) => (names.length === 0 ? metadata.namespace !== undefined : !names.includes(metadata.namespace ?? '')))
    .map((manifest) => `${titleOf(manifest)} is in namespace ${manifest.metadata.namespace}, which is not made here`)
}

const repeated = (names: readonly string[]): readonly string[] => names.filter((name, index) => names.indexOf(name) !== index)
