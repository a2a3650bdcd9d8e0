import { type Installation, type Manifest, ofKind, type Rule, selects, titleOf, workloadsOf } from './manifest.ts'
import type { Selector } from './shapes.ts'

/** A workload selects its own pods. */
export const workloadSelector: Rule = (installation) =>
  workloadsOf(installation)
    .filter(({ manifest, spec, labels }) => manifest.kind !== 'Job' && !selectsSome(labelsOf(spec.selector), [labels]))
    .map(({ title }) => `${title} selects labels that its own pods do not have`)

/** A Service selects pods, and its target port is one of theirs. */
export const servicePort: Rule = (installation) =>
  ofKind(installation, 'Service').flatMap((service) => {
    const pods = workloadsOf(installation).filter(({ labels }) => selectsSome(service.spec?.selector as object, [labels]))
    if (pods.length === 0) return [`${titleOf(service)} selects no pods`]
    const ports = pods.flatMap(({ containers }) => containers.flatMap((container) => container.ports ?? []))
    return (service.spec?.ports ?? [])
      .map(({ port, targetPort }) => targetPort ?? port)
      .filter((target) => !ports.some(({ name, containerPort }) => target === name || target === containerPort))
      .map((target) => `${titleOf(service)} sends to port ${target}, which its pods do not have`)
  })

/** A PodDisruptionBudget guards pods that exist. */
export const budgetSelector: Rule = (installation) =>
  ofKind(installation, 'PodDisruptionBudget')
    .filter((budget) => !selectsPods(installation, labelsOf(budget.spec?.selector)))
    .map((budget) => `${titleOf(budget)} selects no pods`)

/** A NetworkPolicy is for every pod, or for pods that exist. */
export const networkPolicySelector: Rule = (installation) =>
  ofKind(installation, 'NetworkPolicy')
    .filter(({ spec }) => !selectsEverything(spec?.podSelector) && !selectsPods(installation, labelsOf(spec?.podSelector)))
    .map((policy) => `${titleOf(policy)} selects no pods`)

/** Pods are spread among their own kind. */
export const spreadSelector: Rule = (installation) =>
  workloadsOf(installation).flatMap(({ title, pod, labels }) =>
    (pod.topologySpreadConstraints ?? [])
      .filter(({ labelSelector }) => !selectsSome(labelsOf(labelSelector), [labels]))
      .map(({ topologyKey }) => `${title} spreads over ${topologyKey} by labels that its own pods do not have`),
  )

/** A ServiceMonitor finds a Service with each port that it scrapes. */
export const serviceMonitor: Rule = (installation) =>
  ofKind(installation, 'ServiceMonitor').flatMap((monitor) => {
    const selector = labelsOf(monitor.spec?.selector)
    const services = ofKind(installation, 'Service').filter(({ metadata }) => selectsSome(selector, [metadata.labels ?? {}]))
    if (services.length === 0) return [`${titleOf(monitor)} selects no Service`]
    return (monitor.spec?.endpoints ?? [])
      .filter(({ port }) => !services.some((service) => hasPort(service, port)))
      .map(({ port }) => `${titleOf(monitor)} scrapes port ${port}, which its Service does not have`)
  })

const hasPort = (service: Manifest, port: string): boolean => (service.spec?.ports ?? []).some(({ name }) => name === port)

const labelsOf = (selector: object | undefined): Readonly<Record<string, string>> => (selector as Selector)?.matchLabels ?? {}

const selectsEverything = (selector: Selector | undefined): boolean =>
  selector !== undefined && Object.keys(selector).length === 0

const selectsPods = (installation: Installation, selector: object): boolean =>
  selectsSome(
    selector,
    workloadsOf(installation).map(({ labels }) => labels),
  )

/** Whether a selector that names at least one label selects one of these. */
const selectsSome = (selector: object | undefined, candidates: readonly Readonly<Record<string, string>>[]): boolean => {
  const wanted = (selector ?? {}) as Readonly<Record<string, string>>
  return Object.keys(wanted).length > 0 && candidates.some((labels) => selects(wanted, labels))
}
