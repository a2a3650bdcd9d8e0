import type { Container, PodSpec, Spec } from './shapes.ts'

/** A Kubernetes object as it is parsed from YAML. That its fields have their types is the schema check's affair. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Labels
  }
  readonly spec?: Spec
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}

export type Labels = Readonly<Record<string, string>>

/** What is installed together, and whether it is to serve for real. */
export interface Installation {
  readonly manifests: readonly Manifest[]
  readonly isProduction: boolean
}

/** Looks at an installation and says what is wrong with it, a sentence each. */
export type Rule = (installation: Installation) => readonly string[]

/** A manifest that runs pods, with them. */
export interface Workload {
  readonly manifest: Manifest
  readonly title: string
  readonly spec: Spec
  readonly labels: Labels
  readonly pod: PodSpec
  readonly containers: readonly Container[]
}

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job'])

export const titleOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`

export const ofKind = ({ manifests }: Installation, kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind)

export const findManifest = ({ manifests }: Installation, kind: string, name: string): Manifest | undefined =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)

/** Everything that runs pods. */
export const workloadsOf = ({ manifests }: Installation): readonly Workload[] =>
  manifests
    .filter(({ kind }) => WORKLOADS.has(kind))
    .map((manifest) => {
      const spec = manifest.spec ?? {}
      const pod = spec.template?.spec ?? {}
      const containers = [...(pod.initContainers ?? []), ...(pod.containers ?? [])]
      return { manifest, title: titleOf(manifest), spec, labels: spec.template?.metadata?.labels ?? {}, pod, containers }
    })

/** What runs on and on, so that it is probed and kept available. */
export const servicesOf = (installation: Installation): readonly Workload[] =>
  workloadsOf(installation).filter(({ manifest }) => manifest.kind !== 'Job')

/** The label by which the manifests know the task service's own pods. */
export const isTaskService = ({ labels }: Workload): boolean => labels['app.kubernetes.io/name'] === 'task-manager-api'

/** Whether labels are among those that a selector selects. A selector that names none selects everything. */
export const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)
